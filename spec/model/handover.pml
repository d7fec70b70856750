/*
 * Hand-overs inside a process, and the arithmetic of the numbers: callers of one process pass a lease on without a statement, each with
 * a number of its own out of those that the row has set aside.
 *
 * Once, either the clock is set back or the row is lost. After a loss numbers begin at the clock again; the process does not know yet,
 * may go on until its belief ends, and only the fence tells its callers from those of the next owner. (A clock set back is no matter to
 * exclusion: the lease lasts longer in the row than in belief. The row's own time is left alone here, which allows more.)
 *
 * Steps and stands are as in lease.pml; here a stand serves one caller after the other. The clock counts microseconds, one a tick, and
 * stops at END. Answers may be slow; what becomes of an ask whose answer is lost is in late.pml.
 */
#define N 3
#define END 6
#define TTL 2
#define RESERVE 1         /* numbers set aside by a grant, and again by a renewal */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, token, token_top, left;

byte clock = 2;
bool set_back, row_lost;

/* What the properties speak about. */
byte last_used;           /* the highest number that a caller has begun to work with */
bool granted_below, used_below, stale_write;

#define idle    0
#define asking  1
#define granted 2         /* the answer is on its way */
#define holding 3
#define leaving 4         /* has sent a release: never believes nor hands on again, whatever the answer */
#define gone    5

typedef Stand {
  byte at;
  byte age;               /* since its ask was sent */
  byte left;              /* what the process believes */
  byte token;             /* the number of the caller whose turn it is */
  byte known_top;         /* the last number that it knows to be set aside */
  byte reach;             /* where the database's clock must be by now */
  byte writing            /* the number of a write that may still land; 0: there is none */
}
Stand stand[N + 1];
#define me stand[c]
#define believes(c) (stand[c].left > 0)

inline work() {
  if :: me.token <= last_used -> used_below = true :: else fi;
  last_used = max(last_used, me.token)
}

#ifdef TOKEN_RESTARTS
#define clock_number 0
#else
#define clock_number clock
#endif

inline run_ask() {
  owner = c;
  left = TTL;
  token = max(token_top + 1, clock_number);
  token_top = token + RESERVE;
  if :: token <= last_used -> granted_below = true :: else fi;
#ifdef ELAPSED_ON_TOP_OF_TOKEN
  me.reach = token;
#else
  me.reach = clock;
#endif
  me.at = granted; me.token = token; me.known_top = token_top
}

/* It sets numbers aside above those in use, so a renewal that runs twice sets no more aside. */
inline run_renewal() { left = max(left, TTL); token_top = max(token_top, me.token + RESERVE) }

inline run_release() {
  if :: owner == c -> owner = 0; left = 0; token_top = max(token, me.token) :: else fi
}

/* The next number was set aside: that holds where the clock is set back. */
#ifdef BEYOND_THE_RESERVE
#define set_aside true
#else
#define set_aside (me.token < me.known_top)
#endif

/* The database's clock has passed the next number: that holds where the row is lost. It is counted from after the grant's answer. */
#ifdef FASTER_THAN_THE_CLOCK
#define passed (me.token < 2 * END)
#else
#define passed (me.token + 1 < me.reach)
#endif

/* The row cannot tell the next caller of this process from this one, so the next one waits until this one's write has landed. */
#ifdef HANDS_ON_OVER_A_WRITE
#define quiet true
#else
#define quiet (!me.writing)
#endif

proctype client(byte c) {
end:
  do
  /* Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> me.at = asking }
  :: d_step { me.at == granted && me.age < TTL ->
       me.at = holding; me.left = TTL - me.age;
#ifdef ELAPSED_FROM_SENDING
       me.reach = me.reach + me.age;
#endif
       me.age = 0;
       work() }
  :: d_step { me.at == granted && me.age == TTL -> me.at = leaving; me.age = 0 }

  :: d_step { believes(c) && set_aside && passed && quiet -> me.token++; work() }
  :: d_step { believes(c) && owner == c -> run_renewal(); me.left = TTL; me.known_top = token_top }
  :: d_step { believes(c) && owner == c -> run_renewal() }                          /* the answer is lost */
  :: d_step { me.at == holding -> me.at = leaving; me.left = 0 }                    /* perhaps having lost track of a write */
#ifdef HANDS_ON_AFTER_RELEASE
  :: d_step { believes(c) -> run_release() }
#endif

  /* Looks at its lease, then writes; the store is in the same database, so the check and the write are one step. */
  :: d_step { believes(c) && !me.writing -> me.writing = me.token }
  :: d_step { me.writing ->
       if :: owner == c && token <= me.writing && me.writing < last_used -> stale_write = true :: else fi;
       me.writing = 0 }

  /* The database runs what it was sent. */
  :: d_step { me.at == asking && !left -> run_ask() }
  :: d_step { me.at == asking && left -> me.at = gone; me.age = 0 }
  :: d_step { me.at == leaving -> run_release(); me.at = gone; me.token = 0; me.known_top = 0; me.reach = 0 }
  od
}

proctype world() {
  byte c;
end:
  do
  :: d_step { clock < END ->
       clock++;
       left = less(left, 1);
       for (c : 1 .. N) {
         me.left = less(me.left, 1);
         if :: (me.at == asking || me.at == granted) && me.age < TTL -> me.age++ :: else fi;
         if
         :: me.at == holding && me.left -> me.reach++
         :: me.at == holding && !me.left -> me.at = leaving          /* past its deadline nothing else is left to do */
         :: else
         fi
       }
       c = 0 }
  :: d_step { !set_back && !row_lost && clock > 2 -> set_back = true; clock = clock - 2 }
  /* The one assumption about a row that is lost: the clock is past the last number that was granted or used. */
  :: d_step { !set_back && !row_lost && owner && clock > max(token, last_used) ->
       row_lost = true; owner = 0; token = 0; token_top = 0; left = 0 }
  od
}

init { atomic { run world(); run client(1); run client(2); run client(3) } }

ltl grants_above { [] !granted_below }
ltl tokens_rise  { [] (row_lost || !used_below) }
ltl no_stale     { [] !stale_write }
ltl rise_at_loss { [] !used_below }      /* does not hold: README.md, limits */
ltl everything   { [] (!granted_below && (row_lost || !used_below) && !stale_write) }
