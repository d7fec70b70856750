#!/usr/bin/env bash
# Checks the models: the protocol as designed must hold, and every known-wrong variant must yield a counter-example.
#
#   ./check.sh                  every run, one line each
#   ./check.sh NO_GIVE_BACK     the runs of one variant (or model, or property), and the steps of each counter-example
#
# Needs spin and gcc. Without them it is skipped, unless LOCKS_REQUIRE names spin (or all).
set -euo pipefail

for tool in spin gcc; do
  command -v "$tool" > /dev/null && continue
  echo "SKIPPED: $tool is not installed"
  required=${LOCKS_REQUIRE:-}
  case " ${required//[,;]/ } " in *' spin '* | *' all '*) exit 1 ;; *) exit 0 ;; esac
done

only=${1:-}
models=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

runs=0
differences=0

row() { printf '%-9s %-29s %-13s %8s %8s   %-7s %s\n' "$@"; }

# holds|breaks MODEL PROPERTY [VARIANT...]: what is expected of the model with these flags.
holds()  { check holds -O2 "$@"; }
breaks() { check breaks -O0 "$@"; }      # found soon, so what counts is how long the build takes

check() {
  local expected=$1 optimise=$2 model=$3 property=$4 found flags
  shift 4
  case " $model $property $* " in *" ${only:-$model} "*) ;; *) return 0 ;; esac
  flags=("$@")
  flags=("${flags[@]/#/-D}")

  search "$optimise"
  case $(cat pan.out) in
    *'max search depth too small'* | *'out of memory'* | *'reached -DMEMLIM'*) found='gave up' ;;
    *'assertion violated'* | *'acceptance cycle'*) found=breaks ;;
    *'errors: 0'*) found=holds ;;
    *) found=failed ;;
  esac

  row "$model" "${*:--}" "$property" \
    "$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.out)" \
    "$(sed -n 's/^pan: elapsed time \([0-9.e+-]*\) seconds.*/\1/p' pan.out)" \
    "$expected" "$found"
  runs=$((runs + 1))
  if [ "$found" != "$expected" ]; then differences=$((differences + 1)); fi
  if [ "$found" != "$expected" ] || [ -n "$only" ]; then explain; fi
}

# Every property is one of safety, except `served`: that something happens at last is true only if nobody is passed over for ever.
search() {
  local kind=(-DSAFETY) how=()
  if [ "$property" = served ]; then kind=(-DNFAIR=3) how=(-a -f); fi
  rm -f ./*
  spin -a "${flags[@]}" "$models/$model.pml" > spin.out || { cat spin.out; exit 1; }
  gcc "$1" -w "${kind[@]}" -DMEMLIM=2048 -o pan pan.c
  nice ./pan "${how[@]}" -w20 -m100000 -N "$property" > pan.out 2>&1 || true
}

# The counter-example, as short as it gets: who takes which step of the model.
explain() {
  if [ ! -e "$model.pml.trail" ]; then
    if [ "$found" != holds ]; then cat pan.out; fi
    return 0
  fi
  if [ "$property" != served ]; then
    gcc -O2 -w -DSAFETY -DREACH -o pan pan.c
    nice ./pan -i -w20 -m400 -N "$property" > /dev/null 2>&1 || true
  fi
  spin -k "$model.pml.trail" -p "${flags[@]}" "$models/$model.pml" | awk '
    NR == FNR {
      if (open) { sub(/^ */, " "); step[open] = step[open] $0; open = 0 }
      if (sub(/^ *:: d_step */, "")) { step[NR] = $0; if (/->$/) open = NR }
      next
    }
    /proc +[0-9]+ \((client|clock|world)/ && !seen[$1]++ {
      line = $0; sub(/.*\.pml:/, "", line); sub(/ .*/, "", line)
      who = $4; sub(/^\(/, "", who); sub(/:.*/, "", who)
      if (line in step) print "    " who (who == "client" ? " " $3 - 1 : "") ": " step[line]
    }' "$models/$model.pml" -
}

row model variant property states seconds expected found

holds  lease    everything
breaks lease    one_holder   LEASE_FROM_ANSWER
breaks lease    one_holder   RETRY_COUNTS_ANEW
breaks lease    one_holder   RENEWAL_SHORTENS
breaks lease    no_stale     NO_FENCE

holds  late     everything
breaks late     no_ghost     NO_NOT_AFTER NO_GIVE_BACK
breaks late     no_ghost     NO_NOT_AFTER
breaks late     no_ghost     NO_GIVE_BACK
breaks late     no_ghost     GIVE_BACK_ONCE
breaks late     no_stale     FENCE_BY_OWNER
breaks late     tokens_rise  RELEASE_LOWERS_BLINDLY

holds  line     everything
holds  line     served       MORTAL
breaks line     one_holder   BODY_BEFORE_CONFIRM
breaks line     one_holder   RETRY_TAKES_CLAIM_FOR_LEASE
breaks line     no_ghost     LEAVES_IN_TWO_STATEMENTS
breaks line     no_ghost     RELEASES_AFTER_A_RETRY
breaks line     served       MORTAL NOBODY_ADVANCES
breaks line     served       MORTAL SLEEPS_IN_A_DEAD_LINE

holds  handover everything
breaks handover rise_at_loss
breaks handover grants_above TOKEN_RESTARTS
breaks handover grants_above FASTER_THAN_THE_CLOCK
breaks handover grants_above ELAPSED_FROM_SENDING
breaks handover grants_above ELAPSED_ON_TOP_OF_TOKEN
breaks handover tokens_rise  BEYOND_THE_RESERVE
breaks handover tokens_rise  HANDS_ON_AFTER_RELEASE
breaks handover no_stale     HANDS_ON_OVER_A_WRITE

echo "$differences of $runs runs differ from what is expected; $SECONDS s in all"
[ "$differences" -eq 0 ] && [ "$runs" -gt 0 ]
