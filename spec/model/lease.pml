/*
 * The lease: taken, believed in, renewed, run out, taken over, and fenced.
 *
 * A stand is one owner id: it asks under that id, and a process that comes back is simply the next stand. Every step of a client and
 * every statement of the database is one indivisible step here. Between any two of them the clock may go on: that is a slow network, a
 * paused process, and a dead one too, for death is a pause without an end.
 *
 * Only what is left of a time is kept, never a date, so the clock has no end. Numbers are ranks: handover.pml has their arithmetic.
 */
#define N 3
#define TTL 2
#define LONGER 3          /* what extend() asks for */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, token, left;

/* What the properties speak about. */
byte last_used;
bool token_fell, stale_write;

#define idle    0
#define asking  1
#define holding 2
#define leaving 3         /* has sent a release: never believes again, whatever the answer */
#define gone    4

#define unanswered 1
#define granted    2
#define refused    3

typedef Stand {
  byte at;
  byte reply;             /* to the one statement under way; 0: there is none */
  byte length, age;       /* the ttl that statement asks for, and how long ago it was sent */
  byte left, token;       /* what the client believes */
  byte late;              /* the ttl of a renewal that was given up on and may still run */
  bool writing            /* a write was sent while believing and may still land */
}
Stand stand[N + 1];
#define me stand[c]
#define believes(c) (stand[c].left > 0)

inline send(ttl) { me.length = ttl; me.age = 0; me.reply = unanswered }
inline hear()    { me.length = 0;   me.age = 0; me.reply = 0 }

/* What a yes is worth to the client: counted from before the statement was sent, for it may have run at once. */
#ifdef LEASE_FROM_ANSWER
#define worth (me.length)
#else
#define worth less(me.length, me.age)
#endif

inline enter() {
  if :: me.token <= last_used -> token_fell = true :: else fi;
  last_used = max(last_used, me.token);
  me.at = holding;
  me.left = worth;
  hear()
}

/* A renewal that is late is forgotten here: it would only do something to a row that names this stand, and none will again. */
inline finish() {
  hear();
  me.at = gone; me.left = 0; me.late = 0;
  if :: !me.writing -> me.token = 0 :: else fi
}

/* A retry is told the same again, and the lease does not begin anew: the client goes on counting from its first sending. */
inline run_ask() {
  if
  :: owner != c && left -> me.reply = refused
  :: owner != c && !left -> owner = c; left = TTL; token++; me.token = token; me.reply = granted
  :: owner == c -> me.token = token; me.reply = granted
  fi
}

inline run_renewal(ttl) {
#ifdef RENEWAL_SHORTENS
  left = ttl
#else
  left = max(left, ttl)
#endif
}

/* The store is in the same database, so the check and the write are one step. */
#ifdef NO_FENCE
#define fence_passes true
#else
#define fence_passes (owner == c)
#endif

proctype client(byte c) {
end:
  do
  /* Asks, once more if the answer is lost. Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> me.at = asking; send(TTL) }
  :: d_step { me.at == asking && me.reply == granted && me.age < TTL ->
       me.reply = unanswered; me.token = 0;
#ifdef RETRY_COUNTS_ANEW
       me.age = 0
#endif
     }
  :: d_step { me.at == asking && me.reply == granted && worth -> enter() }
  :: d_step { me.at == asking && me.reply == granted && !worth -> hear(); me.token = 0; me.at = leaving }
  :: d_step { me.at == asking && me.reply == refused -> finish() }

  /* Holds, and renews while it believes: what was lost is never renewed. */
  :: d_step { believes(c) && !me.reply -> send(TTL) }
  :: d_step { believes(c) && !me.reply -> send(LONGER) }
  :: d_step { believes(c) && me.reply == granted -> me.left = max(me.left, worth); hear() }
  :: d_step { me.at == holding && me.reply == granted -> hear() }             /* the answer is lost, or came too late */
  :: d_step { me.at == holding && me.reply == unanswered && me.length == TTL && !me.late -> me.late = TTL; hear() }
  :: d_step { me.at == holding && me.reply == refused -> finish() }
  :: d_step { me.at == holding && !me.reply -> me.at = leaving; me.left = 0 }

  /* Looks at its lease, then writes; anything may happen in between. */
  :: d_step { believes(c) && !me.writing -> me.writing = true }
  :: d_step { me.writing ->
       if :: fence_passes && me.token < last_used -> stale_write = true :: else fi;
       me.writing = false;
       if :: me.at == gone -> me.token = 0 :: else fi }

  /* The database runs what it was sent. */
  :: d_step { me.at == asking && me.reply == unanswered -> run_ask() }
  :: d_step { me.at == holding && me.reply == unanswered ->
       if :: owner == c -> run_renewal(me.length); me.reply = granted :: else -> me.reply = refused fi }
  :: d_step { me.late -> if :: owner == c -> run_renewal(me.late) :: else fi; me.late = 0 }
  :: d_step { me.at == leaving -> if :: owner == c -> owner = 0; left = 0 :: else fi; finish() }
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
         if :: me.reply && me.age < me.length -> me.age++ :: else fi
       }
       c = 0 }
  od
}

init { atomic { run clock(); run client(1); run client(2); run client(3) } }

#define two_believe ((believes(1) && believes(2)) || (believes(1) && believes(3)) || (believes(2) && believes(3)))

ltl one_holder  { [] !two_believe }
ltl tokens_rise { [] !token_fell }
ltl no_stale    { [] !stale_write }
ltl everything  { [] (!two_believe && !token_fell && !stale_write) }
