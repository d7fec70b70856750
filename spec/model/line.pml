/*
 * The line: who waits stands in the row itself, and whoever ends a lease makes the head of the line its owner, for one claim.
 *
 * A claim is not a lease. It reserves: the new owner confirms, and only then begins to believe.
 * Steps, stands and times are as in lease.pml, late requests as in late.pml; nothing is renewed and nothing is numbered here.
 */
#ifndef N
#define N 3
#endif
#define TTL 2
#define CLAIM 1
#define PATIENCE 1        /* from a join's sending to its not-after */

#define max(a, b) ((a) > (b) -> (a) : (b))
#define less(a, b) ((a) > (b) -> (a) - (b) : 0)

/* The row. Owners are 1..N; 0 is nobody. */
byte owner, left;
byte line[4];             /* from the head on; 0: nobody */
bool line_lives;          /* past its end a line is as good as empty; the end comes at any time after the last join */

#define idle       0
#define joining    1
#define waiting    2
#define confirming 3
#define holding    4
#define releasing  5      /* has sent a release: never believes again, whatever the answer */
#define leaving    6      /* has sent a leave: out of the line, and given back if it was granted meanwhile */
#define gone       7      /* done with its id */

#define unanswered 1
#define granted    2
#define claimed    3
#define queued     4
#define refused    5

typedef Stand {
  byte at;
  byte reply;             /* to the one statement under way; 0: there is none */
  byte age, patience;     /* since that statement was (first) sent; until the not-after of its last join */
  byte left;              /* what the client believes */
  bool unsure;            /* an attempt of its join was never answered */
  bool late_join, late_confirm
}
Stand stand[N + 1];
#define me stand[c]
#define believes(c) (stand[c].left > 0)
#define in_line(c)  (line[0] == (c) || line[1] == (c) || line[2] == (c) || line[3] == (c))
#define somebody_waits (line_lives && line[0])

inline send_join()    { me.at = joining; me.reply = unanswered; me.patience = PATIENCE }
inline send_confirm() { me.at = confirming; me.reply = unanswered; me.age = 0 }
inline become(how)       { me.at = how; me.reply = 0; me.age = 0; me.left = 0 }
inline finish()       { become(gone); me.unsure = false; me.patience = 0; me.late_confirm = false }

/* Done with the id, except that an attempt of its join may still run. */
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

inline believe() {
  if
  :: me.age < TTL -> me.left = TTL - me.age; me.at = holding; me.reply = 0; me.age = 0
  :: else -> become(leaving)
  fi
}

/* Everybody but `id` stays, in order. */
hidden byte from, to;
inline out_of_line(id) {
  to = 0;
  for (from : 0 .. 3) {
    if :: line[from] != id -> line[to] = line[from]; to++ :: else fi
  }
  for (from : to .. 3) { line[from] = 0 }
}

inline stand_in_line() {
  to = 0;
  do :: line[to] -> to++ :: else -> break od;
  if
#ifndef STANDS_TWICE
  :: in_line(c) -> skip
#endif
  :: else -> line[to] = c
  fi;
  line_lives = true
}

inline advance() { owner = line[0]; line[0] = 0; out_of_line(0); left = CLAIM }
inline wipe()    { for (to : 0 .. 3) { line[to] = 0 }; line_lives = false }

/* What an attempt of the join finds: its own id may be the owner by a grant, or by a claim that followed an earlier attempt. */
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
  :: me.patience && owner != c && !left && !somebody_waits -> wipe(); owner = c; left = TTL; answer = granted
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

proctype client(byte c) {
end:
  do
  /* Joins. Stands are alike, so they may as well begin in order. */
  :: d_step { me.at == idle && (c == 1 || stand[c - 1].at != idle) -> send_join() }
  :: d_step { me.at == joining && !me.unsure -> give_up_joining(); send_join() }
  :: d_step { me.at == joining -> give_up_joining(); become(leaving) }
  :: d_step { me.at == joining && me.reply == granted -> believe() }
  :: d_step { me.at == joining && me.reply == claimed -> send_confirm() }
  :: d_step { me.at == joining && me.reply == queued -> me.at = waiting; me.reply = 0; me.age = 0 }
  :: d_step { me.at == joining && me.reply == refused -> part() }

  /* Looks where it stands: a read, or an advance. An answer that is read late does no harm: what follows from it has conditions too. */
  :: d_step { me.at == waiting && owner == c ->
#ifdef BODY_BEFORE_CONFIRM
       me.at = holding; me.left = TTL
#else
       send_confirm()
#endif
     }
  :: d_step { me.at == waiting && in_line(c) && !left && !line_lives -> become(leaving) }
  :: d_step { me.at == waiting && owner != c && !in_line(c) -> part() }
  :: d_step { me.at == waiting -> become(leaving) }                              /* its wait has ended */

  :: d_step { me.at == confirming && me.reply == granted -> believe() }
  :: d_step { me.at == confirming && me.reply == refused -> part() }
  :: d_step { me.at == confirming && me.reply == granted -> send_confirm() }  /* its answer is lost */
  :: d_step { me.at == confirming -> if :: me.reply == unanswered -> me.late_confirm = true :: else fi; become(leaving) }

  :: d_step { me.at == holding -> become((me.unsure -> leaving : releasing)) }

  /* The database runs what it was sent. What gives back is sent until it is answered, so it may run many times. */
  :: d_step { me.at == joining && me.reply == unanswered -> run_join(); me.reply = answer; if :: !me.unsure -> me.patience = 0 :: else fi }
  :: d_step { me.at == confirming && me.reply == unanswered -> run_confirm(); me.reply = answer }
  :: d_step { me.late_join -> run_join(); me.late_join = false }
  :: d_step { me.late_confirm -> run_confirm(); me.late_confirm = false }
  :: d_step { me.at == releasing -> run_release(); finish() }
  :: d_step { me.at == leaving -> 
       out_of_line(c); run_release();
       if
       :: !me.unsure || !me.patience -> finish()
       :: else
       fi }
  od
}

proctype world() {
  byte c;
end:
  do
  :: d_step { !left && somebody_waits -> advance() }      /* whoever looks, or asks without a place in line */
  :: d_step { line_lives -> line_lives = false }
  :: d_step { true ->
       left = less(left, 1);
       for (c : 1 .. N) {
         me.left = less(me.left, 1);
         me.patience = less(me.patience, 1);
         if :: !me.patience -> me.late_join = false :: else fi;       /* it can only do nothing */
         if :: (me.at == joining || me.at == confirming) && me.age < TTL -> me.age++ :: else fi
       }
       c = 0 }
  od
}

init {
  atomic {
    run world(); run client(1); run client(2);
#if N > 2
    run client(3)
#endif
  }
}

#define ghost(c) (stand[c].at == gone && ((owner == c && left) || in_line(c)))
#if N > 2
#define two_believe ((believes(1) && believes(2)) || (believes(1) && believes(3)) || (believes(2) && believes(3)))
#define haunted     (ghost(1) || ghost(2) || ghost(3))
#else
#define two_believe (believes(1) && believes(2))
#define haunted     (ghost(1) || ghost(2))
#endif

ltl one_holder  { [] !two_believe }
ltl no_ghost    { [] !haunted }
ltl everything  { [] (!two_believe && !haunted) }
