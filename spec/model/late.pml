/*
 * Late requests: one that was given up on may still run, after its sender has gone, and take a lock for nobody.
 *
 * Two things stand against that. An ask carries a not-after in database time and does nothing past it. And an id that is done with is
 * given back, again and again, until the database has answered from a time at which none of its asks can run any more.
 *
 * Steps, stands and times are as in lease.pml; nothing is renewed here. Numbers grow by one, as they do while the clock is behind them.
 */
#ifndef N
#define N 3
#endif
#define TTL 2
#define PATIENCE 1        /* from an ask's sending to its not-after */
#define RESERVE 1         /* numbers that a grant sets aside for hand-overs in the process */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, token, token_top, left;

/* What the properties speak about. */
byte last_granted, last_used;
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
  byte reply;             /* to the one statement under way; 0: there is none */
  byte age, patience;     /* since its ask was first sent; until the not-after of its last attempt */
  byte left, token;       /* what the client believes; the number it has used, or is to use */
  bool unsure;            /* an attempt of its ask was never answered */
  bool late_ask;
  bool writing            /* a write that was sent while believing and has yet to land */
}
Stand stand[N + 1];
#define flaky true
#define me stand[c]
#define believes(c) (stand[c].left > 0)

inline send_ask()     { me.reply = unanswered; me.patience = PATIENCE }
inline leave() { me.at = leaving; me.reply = 0; me.left = 0; me.age = 0 }

inline finish() {
  me.at = gone; me.reply = 0; me.age = 0; me.unsure = false;
  if :: !me.writing -> me.token = 0 :: else fi
}

inline give_up_asking() {
  if :: me.reply == unanswered -> me.late_ask = true :: else fi;
  me.unsure = true;
  me.token = 0
}

#ifdef NO_NOT_AFTER
#define may_run true
#else
#define may_run (me.patience > 0)
#endif

/* Leaves its answer in `answer`, which a late request has nobody to give to. */
hidden byte answer;
inline run_ask() {
  answer = refused;
  if
  :: may_run && owner == c -> answer = granted
  :: may_run && owner != c && !left ->
    owner = c;
    left = TTL;
    token = token_top + 1;
    token_top = token + RESERVE;
    if :: token <= last_granted -> token_fell = true :: else fi;
    last_granted = max(last_granted, token);
    answer = granted
  :: else
  fi
}

/* Gives unused numbers back too, but only those of this grant: a late release may meet a grant that it knows nothing of. */
#ifdef RELEASE_LOWERS_BLINDLY
#define highest_in_use me.token
#else
#define highest_in_use max(token, me.token)
#endif

#ifdef GIVE_BACK_ONCE
#define settled true
#else
#define settled (!me.unsure || !me.patience)
#endif

inline run_release() {
  if
  :: owner == c -> owner = 0; left = 0; if :: me.token -> token_top = highest_in_use :: else fi
  :: else
  fi;
  if :: settled -> finish() :: else fi
}

#if defined(FENCE_BY_OWNER)
#define fence_passes (owner == c)
#else
#define fence_passes (owner == c && token <= me.token)
#endif

proctype client(byte c) {
end:
  do
  /* Asks; without an answer it asks once more, or gives up. Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> me.at = asking; send_ask() }
  :: d_step { me.at == asking && flaky && !me.unsure -> give_up_asking(); send_ask() }
  :: d_step { me.at == asking && flaky -> give_up_asking();
#ifdef NO_GIVE_BACK
       finish()
#else
       leave()
#endif
     }
  :: d_step { me.at == asking && me.reply == granted && me.age < TTL ->
       if :: me.token <= last_used -> token_fell = true :: else fi;
       last_used = max(last_used, me.token);
       me.at = holding; me.left = TTL - me.age; me.age = 0; me.reply = 0 }
  :: d_step { me.at == asking && me.reply == granted && me.age >= TTL -> leave() }
  :: d_step { me.at == asking && me.reply == refused -> if :: me.unsure -> leave() :: else -> finish() fi }

  :: d_step { me.at == holding -> leave() }

  /* Looks at its lease, then writes; anything may happen in between, a release for want of an answer included. */
  :: d_step { believes(c) && !me.writing -> me.writing = true }
  :: d_step { me.writing ->
       if :: fence_passes && me.token < last_used -> stale_write = true :: else fi;
       me.writing = false;
       if :: me.at == gone -> me.token = 0 :: else fi }

  /* The database runs what it was sent. */
  :: d_step { me.at == asking && me.reply == unanswered ->
       run_ask(); me.reply = answer; if :: answer == granted -> me.token = token :: else fi }
  :: d_step { me.at == leaving -> run_release() }       /* sent until it is answered, so it may run many times */
  :: d_step { me.late_ask -> run_ask(); me.late_ask = false }
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
#ifndef NO_NOT_AFTER
         if :: !me.patience -> me.late_ask = false :: else fi;      /* it can only do nothing */
#endif
         if :: me.at == asking && me.age < TTL -> me.age++ :: else fi
       }
       c = 0 }
  od
}

init {
  atomic {
    run clock(); run client(1); run client(2);
#if N > 2
    run client(3)
#endif
  }
}

#define ghost(c) (stand[c].at == gone && owner == c && left)
#if N > 2
#define two_believe ((believes(1) && believes(2)) || (believes(1) && believes(3)) || (believes(2) && believes(3)))
#define haunted     (ghost(1) || ghost(2) || ghost(3))
#else
#define two_believe (believes(1) && believes(2))
#define haunted     (ghost(1) || ghost(2))
#endif

ltl one_holder  { [] !two_believe }
ltl tokens_rise { [] !token_fell }
ltl no_stale    { [] !stale_write }
ltl no_ghost    { [] !haunted }
ltl everything  { [] (!two_believe && !token_fell && !stale_write && !haunted) }
