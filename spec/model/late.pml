/*
 * Late requests: one that was given up on may still run, after its sender has gone, and take a lock for nobody.
 *
 * Two things stand against that. An ask carries a not-after in database time, past which it does nothing. And an id whose ask was ever
 * left without an answer is given back, again and again, until the database has answered from beyond the last not-after.
 *
 * Steps, stands and times are as in lease.pml; nothing is renewed here. Numbers grow by one, as they do while the clock is behind them.
 */
#define N 3
#define TTL 2
#define PATIENCE 1        /* from an ask's sending to its not-after */
#define RESERVE 1         /* numbers that a grant sets aside for hand-overs in the process */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, token, token_top, left;

/* What the properties speak about. */
byte last_used;
bool token_fell, stale_write;

#define idle    0
#define asking  1
#define holding 2
#define leaving 3         /* has sent a release: never believes again, whatever the answer */
#define gone    4         /* done with its id */

#define unanswered 1
#define granted    2
#define refused    3

typedef Stand {
  byte at;
  byte reply;             /* to its ask */
  byte age, patience;     /* since its ask was first sent; until the not-after of its last attempt */
  byte left, token;       /* what the client believes; the number it has used, or is to use */
  bool unsure;            /* an attempt of its ask was never answered... */
  bool late;              /* ... and may still run */
  bool writing            /* a write was sent while believing and may still land */
}
Stand stand[N + 1];
#define me stand[c]
#define retries (c < N)   /* the last one gives up at once: that saves two states of three */
#define believes(c) (stand[c].left > 0)

inline send_ask() { me.at = asking; me.reply = unanswered; me.patience = PATIENCE }

inline give_up_asking() {
  if :: me.reply == unanswered -> me.late = true :: else fi;
  me.unsure = true;
  me.token = 0
}

inline stop(where) {
  me.at = where; me.reply = 0; me.age = 0; me.left = 0;
  if :: where == gone && !me.writing -> me.token = 0 :: else fi;
  if :: where == gone -> me.unsure = false :: else fi
}

#ifdef NO_GIVE_BACK
#define after_giving_up gone
#else
#define after_giving_up leaving
#endif

#ifdef NO_NOT_AFTER
#define in_time true
#else
#define in_time (me.patience > 0)
#endif

/* A late ask runs for nobody, but it runs. */
inline run_ask() {
  if
  :: in_time && owner != c && !left ->
    owner = c;
    left = TTL;
    token = token_top + 1;
    token_top = token + RESERVE
  :: else
  fi
}

/* It gives back unused numbers too, but only of the grant it finds: that may be one which its client has never heard of. */
#ifdef RELEASE_LOWERS_BLINDLY
#define highest_in_use me.token
#else
#define highest_in_use max(token, me.token)
#endif

/* No ask of this id can run any more. */
#ifdef GIVE_BACK_ONCE
#define settled true
#else
#define settled (!me.unsure || !me.patience)
#endif

/*
 * An id may have been granted twice: to its client, and to a late ask after its client's release. Its owner id alone does not tell a
 * write of the first grant from one of the second; its number does.
 */
#ifdef FENCE_BY_OWNER
#define fence_passes (owner == c)
#else
#define fence_passes (owner == c && token <= me.token)
#endif

proctype client(byte c) {
end:
  do
  /* Asks; without an answer it asks once more, or gives up. Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> send_ask() }
  :: d_step { me.at == asking && retries && !me.unsure -> give_up_asking(); send_ask() }
  :: d_step { me.at == asking -> give_up_asking(); stop(after_giving_up) }
  :: d_step { me.at == asking && me.reply == granted && me.age < TTL ->
       if :: me.token <= last_used -> token_fell = true :: else fi;
       last_used = max(last_used, me.token);
       me.at = holding; me.left = TTL - me.age; me.age = 0; me.reply = 0 }
  :: d_step { me.at == asking && me.reply == granted && me.age == TTL -> stop(leaving) }
  :: d_step { me.at == asking && me.reply == refused -> stop((me.unsure -> after_giving_up : gone)) }

  :: d_step { me.at == holding -> stop(leaving) }

  /* Looks at its lease, then writes; anything may happen in between, a release for want of an answer included. */
  :: d_step { believes(c) && !me.writing -> me.writing = true }
  :: d_step { me.writing ->
       if :: fence_passes && me.token < last_used -> stale_write = true :: else fi;
       me.writing = false;
       if :: me.at == gone -> me.token = 0 :: else fi }

  /* The database runs what it was sent. A release is sent until it is answered, so it may run many times. */
  :: d_step { me.at == asking && me.reply == unanswered ->
       run_ask();
       if :: owner == c -> me.reply = granted; me.token = token :: else -> me.reply = refused fi }
  :: d_step { me.late -> run_ask(); me.late = false }
  :: d_step { me.at == leaving ->
       if
       :: owner == c && me.token -> owner = 0; left = 0; token_top = highest_in_use
       :: owner == c && !me.token -> owner = 0; left = 0
       :: else
       fi;
       if
       :: settled -> stop(gone)
       :: else
       fi }
  od
}

proctype clock() {
  byte c;
end:
  do
  :: d_step { true ->
       left = less(left, 1);
       for (c : 1 .. N) {
         me.left = less(me.left, 1);
         me.patience = less(me.patience, 1);
         if :: !in_time -> me.late = false :: else fi;      /* it can only do nothing */
         if :: me.at == asking && me.age < TTL -> me.age++ :: else fi;
         if
         :: me.at == holding && !me.left -> stop(leaving)          /* past its deadline nothing else is left to do */
         :: else
         fi
       }
       c = 0 }
  od
}

init { atomic { run clock(); run client(1); run client(2); run client(3) } }

#define two_believe ((believes(1) && believes(2)) || (believes(1) && believes(3)) || (believes(2) && believes(3)))
#define ghost(c)    (stand[c].at == gone && owner == c && left)
#define haunted     (ghost(1) || ghost(2) || ghost(3))

ltl one_holder  { [] !two_believe }
ltl tokens_rise { [] !token_fell }
ltl no_stale    { [] !stale_write }
ltl no_ghost    { [] !haunted }
ltl everything  { [] (!two_believe && !token_fell && !stale_write && !haunted) }
