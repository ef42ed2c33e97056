#!/bin/sh
# People told from people and machines from machines, on organisations of the given seeds made to confuse: precision, recall, and the number of
# CALs beside the truth. Ends with an error if any is not well enough.
#
#   tests/identity.sh SEED…       PEOPLE=300 how many; CLEAR=1 everybody has one account, so that only machines are hard to tell
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release -p caliper-aggregator -p caliper-lab --bins
programs=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
as_of=2026-11-20
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failed=0
for seed in "$@"; do
    made=$place/$seed
    "$programs/caliper-lab" identity --people "${PEOPLE:-300}" ${CLEAR:+--clear-people} --seed "$seed" --as-of $as_of --out "$made"
    caliper() { "$programs/caliper" --data "$made/data" --config "$made/config.toml" "$@"; }
    mkdir -p "$made/data" "$made/directory"
    for export in before after; do
        cp "$made/$export"/* "$made/directory"
        caliper directory sync >/dev/null
    done
    caliper import "$made"/reports/*.json >/dev/null
    caliper scan --as-of $as_of >/dev/null
    caliper report --json >"$made/position.json"
    caliper matches --json --as-of $as_of >"$made/matches.json"
    "$programs/caliper-lab" evaluate --truth "$made/truth.json" --matches "$made/matches.json" --position "$made/position.json" || failed=1
    rm -rf "$made"
done
exit $failed
