#!/usr/bin/env bash
# Fuzzes the agent's parsers with libFuzzer, on the ordinary compiler (needs g++ for libFuzzer itself).
#
#   run.sh list                    the targets
#   run.sh TARGET [SECONDS]        one target, 60 seconds unless told otherwise; prints executions per second and coverage
#   run.sh all [SECONDS]           all of them, one after the other
#   run.sh again TARGET FILE...    the target on these inputs alone, to look at a crash
#
# What is found collects in target/fuzz/corpus and is where the next run begins; inputs that crash, hang for ten seconds or take
# half a gigabyte are kept in target/fuzz/found, and the run fails. FUZZ_TARGET_DIR names another folder than target/fuzz.
set -euo pipefail
cd "$(dirname "$0")"
place=${FUZZ_TARGET_DIR:-$(cd ../.. && pwd)/target/fuzz}
export CARGO_TARGET_DIR=$place/build
host=$(rustc -vV | sed -n 's/^host: //p')
targets=$(sed -n 's|^path = "targets/\(.*\)\.rs"|\1|p' Cargo.toml)

# Only with --target the counters stay out of build scripts, which nothing would count.
build() {
  local counters="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-pc-table"
  counters+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-trace-compares"
  RUSTFLAGS="$counters --cfg fuzzing" cargo build --quiet --locked --release --target "$host" "$@"
}

# Longer inputs than these are not made: enough for the largest seed.
longest() {
  case $1 in
    ese | user_access) echo 200000 ;;
    event_log) echo 24576 ;;
    folder) echo 32768 ;;
    *) echo 8192 ;;
  esac
}

fuzz() {
  local target=$1 seconds=$2 log=$place/$1.log
  mkdir -p "$place/corpus/$target" "$place/found"
  local code=0
  "$CARGO_TARGET_DIR/$host/release/$target" "$place/corpus/$target" "$place/seeds/$target" -max_total_time="$seconds" \
    -max_len="$(longest "$target")" -timeout=10 -rss_limit_mb=512 -artifact_prefix="$place/found/$target-" \
    -print_final_stats=1 -close_fd_mask=1 >"$log" 2>&1 || code=$?
  awk -v target="$target" '
    /inline 8-bit counters/ { gsub(/[()]/, ""); for (i = 1; i <= NF; i++) if ($i == "inline") edges = $(i - 1) }
    / cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "corp:") corp = $(i + 1) } }
    /number_of_executed_units/ { runs = $2 } /average_exec_per_sec/ { speed = $2 } /peak_rss_mb/ { peak = $2 }
    END { printf "%-16s %11d runs %8d/s  %6d of %d edges  corpus %s  %d MB\n", target, runs, speed, cov, edges, corp, peak }' "$log"
  [ "$code" = 0 ] || { echo "$target failed: $log and $place/found" >&2; tail -n 25 "$log" >&2; return 1; }
}

verb=${1:-}
case $verb in
  "" | -h | --help) sed -n '2,11s/^# \?//p' "$0"; exit 2 ;;
  list) echo "$targets"; exit ;;
  again) build --bin "$2"; exec "$CARGO_TARGET_DIR/$host/release/$2" "${@:3}" ;;
  all) chosen=$targets; build ;;
  *) echo "$targets" | grep -qx "$verb" || { echo "run.sh: no target $verb; there are $(echo $targets)" >&2; exit 2; }
    chosen=$verb; build --bin "$verb" ;;
esac
cargo run --quiet --locked -p caliper-fuzz-seeds -- "$place/seeds"
for target in $chosen; do fuzz "$target" "${2:-60}"; done
