#!/usr/bin/env bash
# The main job on a made-up organisation: a real directory server, an aggregator, one real agent per server, a
# directory synchronisation, a scan; then the position beside the lab's true answer, and the dashboard until ctrl-c.
#
#   DEMO_PEOPLE=60  DEMO_SEED=1       size of the organisation, and which one
#   DEMO_ADDRESS=127.0.0.70           loopback address of the directory server
#   DEMO_PAGES=127.0.0.1:8443         where the dashboard is served
#   DEMO_EXIT=1                       end after the comparison
#   DEMO_PROGRAMS=DIR                 folder of built programs, instead of building them
#
# Ends with 0 only if the position equals the truth. Leaves nothing behind: its processes are ended by number, its
# folder is deleted.
set -euo pipefail
ROOT=$(cd "$(dirname "$0")/.." && pwd)
SERVERS=$ROOT/tests/servers
PEOPLE=${DEMO_PEOPLE:-60} SEED=${DEMO_SEED:-1} ADDRESS=${DEMO_ADDRESS:-127.0.0.70} PAGES=${DEMO_PAGES:-127.0.0.1:8443}
say() { printf '\n== %s\n' "$*"; }
fail() { echo "demo: $*" >&2; exit 1; }

PROGRAMS=${DEMO_PROGRAMS:-}
if [ -z "$PROGRAMS" ]; then
  say "Building"
  cd "$ROOT"
  cargo build --quiet --workspace --bins
  PROGRAMS=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/debug
fi
PATH=$PROGRAMS:$PATH

FOLDER=$(mktemp -d /tmp/calXXXXXX) # short: unix sockets of the directory server lie in it
PIDS=()
clean() {
  trap - EXIT INT TERM
  for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
  "$SERVERS/samba-ad.sh" clean "$FOLDER/ad" || true
  rm -rf "$FOLDER"
}
trap clean EXIT
trap 'exit 130' INT TERM

# waits until a file holds a line, or its writer is gone
await() {
  local file=$1 pattern=$2 pid=$3
  for _ in $(seq 1200); do
    if grep -qE "$pattern" "$file" 2>/dev/null; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$file" >&2
  return 1
}

DATA=$FOLDER/data LAB=$FOLDER/lab
mkdir -p "$DATA"
caliper=(caliper --data "$DATA")

say "Making up an organisation of $PEOPLE people (seed $SEED)"
umask 077
export AD_REALM=NORDWIND.EXAMPLE AD_DOMAIN=NORDWIND AD_ADMIN_PW
AD_ADMIN_PW=$(head -c 12 /dev/urandom | base64 | tr '+/' 'ab')!1
printf '%s\n' "$AD_ADMIN_PW" >"$DATA/directory.password"
caliper-lab make --people "$PEOPLE" --seed "$SEED" --out "$LAB" --pages "$PAGES" --grpc 127.0.0.1:0 \
  --directory "ldaps://$ADDRESS" --authority "$FOLDER/ad/private/tls/ca.pem" \
  --password-file "$DATA/directory.password" --cron "0 3 * * *"
cp "$LAB/config.toml" "$DATA/config.toml"

say "Starting its directory: Samba as an Active Directory domain controller"
AD_DOMAIN_SID=$(sed -n 's/^objectSid: \(S-1-5-21-.*\)-10000$/\1/p' "$LAB/directory.ldif")
export AD_DOMAIN_SID
"$SERVERS/samba-ad.sh" start "$FOLDER/ad" "$ADDRESS" || fail "no directory server: run tests/servers/setup.sh as root"
"$SERVERS/samba-ad.sh" load "$FOLDER/ad" "$LAB/directory.ldif"

say "Starting the aggregator"
"${caliper[@]}" serve --json >"$FOLDER/serve.log" 2>"$FOLDER/serve.err" &
PIDS+=($!)
await "$FOLDER/serve.log" '"ready":true' $! || { cat "$FOLDER/serve.err" >&2; fail "the aggregator does not serve"; }
GRPC=$(sed -n 's/.*"grpc":"\([^"]*\)".*/\1/p' "$FOLDER/serve.log")
PAGES=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$FOLDER/serve.log")
echo "agents at $GRPC, pages at $PAGES"

say "Enrolling the fleet; each agent delivers its evidence over mutual TLS and goes on running"
delivering=()
for artefacts in "$LAB"/fleet/*/; do
  name=$(basename "$artefacts")
  home=$FOLDER/agents/$name
  mkdir -p "$home"
  printf "state = '%s/state'\n[collect]\nfrom = '%s'\n" "$home" "${artefacts%/}" >"$home/agent.toml"
  "${caliper[@]}" token create --label "$name" --address "$GRPC" --output "$home/token" >/dev/null
  caliper-agent --config "$home/agent.toml" enroll --token-file "$home/token" >/dev/null
  caliper-agent --config "$home/agent.toml" run --once --timeout 120 2>"$home/log" &
  delivering+=($!)
  PIDS+=($!)
done
for pid in "${delivering[@]}"; do wait "$pid" || fail "an agent delivered nothing: $(tail -qn 1 "$FOLDER"/agents/*/log)"; done
PIDS=("${PIDS[0]}") # those have ended, and their numbers may be given to others
for config in "$FOLDER"/agents/*/agent.toml; do
  caliper-agent --config "$config" run 2>>"$(dirname "$config")/log" &
  PIDS+=($!)
done
echo "${#delivering[@]} agents delivered"

say "Reading the directory"
"${caliper[@]}" directory sync

say "Scanning"
"${caliper[@]}" scan
"${caliper[@]}" report --scan latest --json >"$FOLDER/position.json"

say "The position beside the truth"
caliper-lab compare --truth "$LAB/truth.json" --position "$FOLDER/position.json"
sed -n '/^\[\[schedule\]\]/,$p' "$DATA/config.toml" | sed -n 's/^cron = "\(.*\)"/\nA scan by schedule is active: \1 (/p; s/^time_zone = "\(.*\)"/\1)/p' | tr -d '\n'
echo

if [ -n "${DEMO_EXIT:-}" ]; then exit 0; fi
say "The dashboard is at $PAGES until ctrl-c. Its first administrator signs up here:"
sed -n 's/.*"invitation":"\([^"]*\)".*/\1/p' "$FOLDER/serve.log"
trap 'exit 0' INT TERM # asked for, and no failure
wait "${PIDS[0]}"
