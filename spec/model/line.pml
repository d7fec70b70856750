/*
 * The line: who waits stands in the row itself, and whoever ends a lease makes the head of the line its owner, for one claim.
 *
 * A claim is not a lease. It reserves: the new owner confirms, and only then begins to believe. Nobody waits for the dead: a claim runs
 * out, and the line as a whole ends some time after the last one joined.
 *
 * Steps, stands and times are as in lease.pml, late requests as in late.pml; nothing is renewed and nothing is numbered here.
 * With -DMORTAL answers always come and waits do not end, but everybody except the last stand may die: that is for `served`.
 */
#define N 3
#define TTL 2
#define CLAIM 1
#define PATIENCE 1        /* from a join's sending to its not-after */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, left;
byte line[N];             /* from the head on; 0: nobody */
bool line_lives;          /* past its end a line is as good as empty; the end comes at any time after the last join */

#define idle       0
#define joining    1
#define waiting    2
#define confirming 3
#define holding    4
#define releasing  5      /* has sent a release: never believes again, whatever the answer */
#define leaving    6      /* has sent a leave: out of the line, and given back if it was granted meanwhile */
#define gone       7      /* done with its id */
#define dead       8

#define unanswered 1
#define granted    2
#define claimed    3
#define queued     4
#define refused    5

typedef Stand {
  byte at;
  byte reply;             /* to the one statement under way; 0: there is none */
  byte age, patience;     /* since its join was first, or its confirm was last sent; until the not-after of its last join */
  byte left;              /* what the client believes */
  bool unsure;            /* an attempt of its join was never answered... */
  bool late_join;         /* ... and may still run */
  bool late_confirm
}
Stand stand[N + 1];
#define me stand[c]
#define retries        (c < N)   /* the last one gives up at once: that saves two states of three */
#define believes(c)    (stand[c].left > 0)
#define in_line(c)     (line[0] == (c) || line[1] == (c) || line[2] == (c))
#define somebody_waits (line_lives && line[0])

#ifdef MORTAL
#define faulty false
#else
#define faulty true
#endif

inline send_join()    { me.at = joining; me.reply = unanswered; me.patience = PATIENCE }
inline send_confirm() { me.at = confirming; me.reply = unanswered; me.age = 0 }
inline become(what)   { me.at = what; me.reply = 0; me.age = 0; me.left = 0 }

inline finish() {
  if :: !me.late_join -> me.patience = 0 :: else fi;
  me.unsure = false; me.late_confirm = false;
  become(gone)
}

/* Neither owner nor in line: the next stand joins under a fresh id. */
inline part() {
  if
  :: me.unsure -> become(leaving)
  :: else -> finish()
  fi
}

inline give_up_joining() {
  if :: me.reply == unanswered -> me.late_join = true :: else fi;
  me.unsure = true
}

/* Counted from before the statement was sent. */
inline believe() {
  if
  :: me.age < TTL -> me.left = TTL - me.age; me.at = holding; me.reply = 0; me.age = 0
  :: else -> become(leaving)
  fi
}

hidden byte from, to;

/* Takes `id` out of the line; the others close up. */
inline out_of_line(id) {
  to = 0;
  for (from : 0 .. N - 1) {
    if :: line[from] != id -> line[to] = line[from]; to++ :: else fi
  }
  for (from : to .. N - 1) { line[from] = 0 }
}

/* An id stands there once, however often its join runs. */
inline stand_in_line() {
  to = 0;
  do :: line[to] && line[to] != c -> to++ :: else -> break od;
  line[to] = c;
  line_lives = true
}

inline advance() { owner = line[0]; line[0] = 0; out_of_line(0); left = CLAIM }

/*
 * A retry may find its own id in the row, by a grant or by a claim that followed its first attempt: the row does not tell which, so it
 * has to be confirmed like a claim.
 */
#ifdef RETRY_TAKES_CLAIM_FOR_LEASE
#define mine_already granted
#else
#define mine_already claimed
#endif

hidden byte answer;
inline run_join() {
  answer = refused;
  if
  :: me.patience && owner == c -> answer = mine_already
  :: me.patience && owner != c && !left && !somebody_waits ->
    for (to : 0 .. N - 1) { line[to] = 0 }
    line_lives = false;
    owner = c; left = TTL; answer = granted
  :: me.patience && owner != c && (left || somebody_waits) ->
    if
    :: !left -> advance()
    :: else
    fi;
    if
    :: owner == c -> answer = claimed
    :: else -> stand_in_line(); answer = queued
    fi
  :: else
  fi
}

inline run_confirm() {
  answer = refused;
  if :: owner == c -> left = max(left, TTL); answer = granted :: else fi
}

inline run_release() {
  if
  :: owner == c && somebody_waits -> advance()
  :: owner == c && !somebody_waits -> owner = 0; left = 0
  :: else
  fi
}

/* No join of this id can run any more. */
#define settled (!me.unsure || !me.patience)

#ifdef RELEASES_AFTER_A_RETRY
#define way_out releasing
#else
#define way_out (me.unsure -> leaving : releasing)
#endif

proctype client(byte c) {
end:
  do
  /* Joins; without an answer once more, or gives up. Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> send_join() }
  :: d_step { me.at == joining && faulty && retries && !me.unsure -> give_up_joining(); send_join() }
  :: d_step { me.at == joining && faulty -> give_up_joining(); become(leaving) }
  :: d_step { me.at == joining && me.reply == granted -> believe() }
  :: d_step { me.at == joining && me.reply == claimed -> send_confirm() }
  :: d_step { me.at == joining && me.reply == queued -> me.at = waiting; me.reply = 0; me.age = 0 }
  :: d_step { me.at == joining && me.reply == refused -> part() }

  /* Looks where it stands. A look that is read late does no harm: whatever follows from it has a condition of its own. */
#ifdef BODY_BEFORE_CONFIRM
  :: d_step { me.at == waiting && owner == c -> me.at = holding; me.left = TTL }
#else
  :: d_step { me.at == waiting && owner == c -> send_confirm() }
#endif
  :: d_step { me.at == waiting && owner != c && !in_line(c) -> part() }
#ifndef NOBODY_ADVANCES
  :: d_step { me.at == waiting && in_line(c) && !left && line_lives -> advance() }
#endif
#ifndef SLEEPS_IN_A_DEAD_LINE
  :: d_step { me.at == waiting && in_line(c) && !left && !line_lives -> become(leaving) }
#endif
  :: d_step { me.at == waiting && faulty -> become(leaving) }                           /* its wait has ended */

  /* Confirms, and only then believes. */
  :: d_step { me.at == confirming && me.reply == granted -> believe() }
  :: d_step { me.at == confirming && me.reply == refused -> part() }
  :: d_step { me.at == confirming && faulty && me.reply == granted -> send_confirm() }  /* the answer is lost */
  :: d_step { me.at == confirming && faulty -> me.late_confirm = (me.reply == unanswered); become(leaving) }

  :: d_step { me.at == holding -> become(way_out) }

  /* The database runs what it was sent. What gives back is sent until it is answered, so it may run many times. */
  :: d_step { me.at == joining && me.reply == unanswered ->
       run_join();
       me.reply = answer;
       if :: !me.unsure -> me.patience = 0 :: else fi }
  :: d_step { me.at == confirming && me.reply == unanswered -> run_confirm(); me.reply = answer }
  :: d_step { me.late_join -> run_join(); me.late_join = false }
  :: d_step { me.late_confirm -> run_confirm(); me.late_confirm = false }
  :: d_step { me.at == releasing -> run_release(); finish() }
#ifdef LEAVES_IN_TWO_STATEMENTS
  :: d_step { me.at == leaving && settled && !me.reply -> run_release(); me.reply = granted }
  :: d_step { me.at == leaving && me.reply -> out_of_line(c); finish() }
#else
  :: d_step { me.at == leaving ->
       out_of_line(c);
       run_release();
       if
       :: settled -> finish()
       :: else
       fi }
#endif

#ifdef MORTAL
  :: d_step { c < N && me.at > idle && me.at < gone -> me.late_join = (me.at == joining && me.reply == unanswered); become(dead) }
#endif
  od
}

proctype world() {
  byte c;
end:
  do
  :: d_step { true ->
       left = less(left, 1);
       for (c : 1 .. N) {
         me.left = less(me.left, 1);
         me.patience = less(me.patience, 1);
         if :: !me.patience -> me.late_join = false :: else fi;      /* it can only do nothing */
         if :: (me.at == joining || me.at == confirming) && me.age < TTL -> me.age++ :: else fi;
         if
         :: me.at == holding && !me.left -> become(way_out)          /* past its deadline nothing else is left to do */
         :: else
         fi
       }
       c = 0 }
  :: d_step { line_lives -> line_lives = false }
#ifndef NOBODY_ADVANCES
  :: d_step { !left && somebody_waits -> advance() }                 /* somebody asks, without a place in line */
#endif
  od
}

init { atomic { run world(); run client(1); run client(2); run client(3) } }

#define two_believe ((believes(1) && believes(2)) || (believes(1) && believes(3)) || (believes(2) && believes(3)))
#define ghost(c)    (stand[c].at == gone && ((owner == c && left) || in_line(c)))
#define haunted     (ghost(1) || ghost(2) || ghost(3))
#define waits       (stand[N].at == waiting)

ltl one_holder { [] !two_believe }
ltl no_ghost   { [] !haunted }
ltl everything { [] (!two_believe && !haunted) }
ltl served     { [] (waits -> <> !waits) }
