#!/usr/bin/env bash
# A real Active Directory domain controller (Samba) for tests and the demo, on one loopback address.
#
#   samba-ad.sh start DIR ADDR     make the domain in DIR the first time, then start it on ADDR (127.x.y.z)
#   samba-ad.sh join  DIR ADDR OF  make a second domain controller of the running domain in the folder OF, and start it on ADDR
#   samba-ad.sh pull  DIR OF       replicate the domain from the running domain controller in OF now; they never do by themselves
#   samba-ad.sh dns   DIR ARG...   samba-tool dns add or delete on the running server: ARG is add|delete ZONE NAME TYPE DATA
#   samba-ad.sh load  DIR FILE     add the entries of an LDIF file while the server is stopped (it is started again)
#   samba-ad.sh seed  DIR N        the same with N made-up users, N computers and nested groups
#   samba-ad.sh env   DIR          shell variables for clients: eval "$(samba-ad.sh env DIR)"
#   samba-ad.sh stop  DIR          end it
#   samba-ad.sh clean DIR          end it and delete DIR
#
# AD_REALM, AD_DOMAIN, AD_DOMAIN_SID and AD_ADMIN_PW name the domain at the first start; they are remembered in DIR.
# AD_DNS=SAMBA_INTERNAL at the first start answers DNS for the domain, at port 53 of ADDR.
# An LDIF for `load` may hold objectSid (of the domain's SID) and a clear-text `clearTextPassword` per entry.
# Needs root (LDAP's ports cannot be changed) and the packages of setup.sh. Writes nothing outside DIR, which must
# be a short path: unix sockets lie in it.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin TDB_NO_FSYNC=1
HERE=$(cd "$(dirname "$0")" && pwd)
die() { echo "samba-ad.sh: $*" >&2; exit 1; }

CMD=${1:-}; DIR=${2:-}
[ -n "$CMD" ] && [ -n "$DIR" ] || die "usage: samba-ad.sh start|load|seed|env|stop|clean DIR ..."
WRAPPER=$(ls /usr/lib/*/libnss_wrapper.so 2>/dev/null | head -1 || true)
for tool in samba samba-tool ldbmodify openssl ldapsearch; do
  command -v $tool >/dev/null || die "$tool is missing: run tests/servers/setup.sh as root"
done
[ -n "$WRAPPER" ] || die "libnss-wrapper is missing: run tests/servers/setup.sh as root"

remember() {
  DNS=$(tr '[:upper:]' '[:lower:]' <<<"$REALM")
  printf '%s=%q\n' ADDR "$ADDR" DIR "$DIR" REALM "$REALM" DOMAIN "$DOMAIN" PASSWORD "$PASSWORD" NAME "$NAME" BACKEND "$BACKEND" \
    DNS "$DNS" FQDN "$NAME.$DNS" BASE "DC=${DNS//./,DC=}" >"$DIR/settings"
}
recall() { [ -f "$DIR/settings" ] || die "no domain in $DIR"; . "$DIR/settings"; CONF=$DIR/etc/smb.conf; }

# winbindd's socket, the users and the host names come from DIR, whatever this machine has
server_environment() {
  export LD_PRELOAD=$WRAPPER NSS_WRAPPER_PASSWD=$DIR/passwd NSS_WRAPPER_GROUP=$DIR/group NSS_WRAPPER_HOSTS=$DIR/hosts \
    SELFTEST_WINBINDD_SOCKET_DIR=$DIR/run/winbindd KRB5_CONFIG=$DIR/krb5.conf
}

# The process in samba.pid is ours only if it is a samba that runs in DIR.
alive() {
  [ -f "$DIR/run/samba.pid" ] && PID=$(cat "$DIR/run/samba.pid") && [ -n "$PID" ] && kill -0 "$PID" 2>/dev/null &&
    [ "$(cat "/proc/$PID/comm")" = samba ] && [ "$(readlink "/proc/$PID/cwd")" = "$DIR" ]
}

# a certificate of the authority in private/tls, which is made if there is none
certificates() {
  cd "$DIR/private/tls"
  [ -f ca.key ] ||
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=$DOMAIN test CA" -keyout ca.key -out ca.pem \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$FQDN" -keyout key.pem -out request.pem
  printf '%s\n' "subjectAltName=DNS:$FQDN,DNS:$DNS,DNS:localhost,IP:$ADDR" extendedKeyUsage=serverAuth \
    keyUsage=digitalSignature,keyEncipherment basicConstraints=CA:FALSE >extensions
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions -out cert.pem
  chmod 600 key.pem ca.key
}

configuration() {
  # no NetBIOS or replication services, DNS only on demand: several domains may run on one machine
  cat >"$DIR/etc/smb.conf" <<C
[global]
	netbios name = ${NAME^^}
	realm = $REALM
	workgroup = $DOMAIN
	server role = active directory domain controller
	ldap server require strong auth = yes
	interfaces = $ADDR/8
	bind interfaces only = Yes
	server services = rpc, ldap, cldap, kdc, winbindd$([ "$BACKEND" = NONE ] || echo ", dns")
	prefork children = 2
	private dir = $DIR/private
	lock directory = $DIR/run
	state directory = $DIR/state
	cache directory = $DIR/cache
	pid directory = $DIR/run
	binddns dir = $DIR/bind-dns
	ncalrpc dir = $DIR/run/ncalrpc
	winbindd socket directory = $DIR/run/winbindd
	ntp signd socket directory = $DIR/run/ntp_signd
	usershare path =
	log file = $DIR/log/samba.log
	logging = file
	log level = 1
	max log size = 0
	disable netbios = yes
	posix:eadb = $DIR/private/eadb.tdb
	ldb:nosync = true
	tls keyfile = $DIR/private/tls/key.pem
	tls certfile = $DIR/private/tls/cert.pem
	tls cafile = $DIR/private/tls/ca.pem
C
  sed -e '/log level =/d' -e '/log file =/d' -e '/logging =/d' "$DIR/etc/smb.conf" >"$DIR/etc/offline.conf"
}

# what this machine would be asked for; KDC is a domain controller that runs
surroundings() {
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$DIR/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\nusers:x:100:\n' >"$DIR/group"
  printf '127.0.0.1 localhost\n%s %s %s %s\n' "$ADDR" "$FQDN" "$NAME" "$DNS" >"$DIR/hosts"
  printf '[libdefaults]\n default_realm = %s\n dns_lookup_realm = false\n dns_lookup_kdc = false\n[realms]\n %s = {\n  kdc = %s\n }\n' \
    "$REALM" "$REALM" "$KDC" >"$DIR/krb5.conf"
}

provision() {
  mkdir -p "$DIR"/{etc,private/tls,run,state,cache,log}
  samba-tool domain provision -s /dev/null --targetdir="$DIR" --realm="$REALM" --domain="$DOMAIN" --host-name="$NAME" \
    --host-ip="$ADDR" --server-role=dc --dns-backend="$BACKEND" --adminpass="$PASSWORD" \
    ${AD_DOMAIN_SID:+--domain-sid="$AD_DOMAIN_SID"} --option="interfaces=$ADDR/8" --option="bind interfaces only=yes" \
    --option="ldb:nosync=true" --option="posix:eadb=$DIR/private/eadb.tdb" >"$DIR/log/provision.log" 2>&1 ||
    { tail -n 20 "$DIR/log/provision.log" >&2; die "the domain could not be made"; }
  rm -f "$DIR/gencache.tdb"
  (certificates) >/dev/null 2>&1
  configuration
  KDC=$ADDR surroundings
  samba-tool domain passwordsettings set -s "$DIR/etc/offline.conf" --complexity=off --min-pwd-length=1 \
    --history-length=0 --min-pwd-age=0 --max-pwd-age=0 >/dev/null
}

# the names of the domain controller in the folder OF are known here from now on
know() { (. "$1/settings"; printf '%s %s %s\n' "$ADDR" "$FQDN" "$NAME") >>"$DIR/hosts"; }

join() {
  mkdir -p "$DIR"/{etc,private/tls,run,state,cache,log}
  cp "$OF"/private/tls/ca.{pem,key} "$DIR/private/tls/"
  (certificates) >/dev/null 2>&1
  configuration
  KDC=$(. "$OF/settings"; echo "$ADDR") surroundings
  know "$OF"
  # joining insists on shares, which nobody here uses
  { cat "$DIR/etc/offline.conf"; printf '[%s]\n\tpath = %s\n' sysvol "$DIR/state/sysvol" netlogon "$DIR/state/sysvol"; } >"$DIR/etc/join.conf"
  (server_environment; exec samba-tool domain join "$DNS" DC -s "$DIR/etc/join.conf" --server="$(. "$OF/settings"; echo "$FQDN")" \
    --dns-backend="$BACKEND" -U "Administrator%$PASSWORD" --option="ldb:nosync=true") </dev/null >"$DIR/log/join.log" 2>&1 ||
    { tail -n 20 "$DIR/log/join.log" >&2; die "$DIR could not join the domain"; }
  KDC=$ADDR surroundings
  know "$OF"
}

up() {
  mkdir -p "$DIR/run"; cd "$DIR"
  (server_environment; exec setsid samba -F --no-process-group -s "$CONF" -M prefork) </dev/null >"$DIR/log/samba.out" 2>&1 &
  local pid=$!
  for _ in $(seq 1200); do
    kill -0 $pid 2>/dev/null || { tail -n 5 "$DIR"/log/samba.{out,log} >&2; die "samba ended: is something else listening on $ADDR?"; }
    if LDAPTLS_CACERT=$DIR/private/tls/ca.pem ldapsearch -x -o nettimeout=5 -H "ldaps://$ADDR" \
      -D "Administrator@$DNS" -w "$PASSWORD" -b "$BASE" -s base dn >/dev/null 2>&1; then return; fi
    sleep 0.05
  done
  down; die "samba did not answer on $ADDR within a minute"
}

# samba leads a session of its own, so that the session's members are exactly its processes
down() {
  alive || return 0
  local session=$PID
  kill "$PID"
  for _ in $(seq 400); do [ -n "$(pgrep -s "$session" || true)" ] || return 0; sleep 0.05; done
  kill -9 $(pgrep -s "$session") 2>/dev/null || true
}

offline() {
  local running=0
  if alive; then running=1; down; fi
  /usr/bin/python3 "$HERE/samba-ad-seed.py" "$DIR/etc/offline.conf" "$@"
  [ $running = 0 ] || up
}

case $CMD in
start)
  ADDR=${3:?address}
  case $ADDR in 127.*) ;; *) die "only a loopback address" ;; esac
  [ "$(id -u)" = 0 ] || die "needs root"
  mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd)
  [ ${#DIR} -le 60 ] || die "the path of $DIR is too long for unix sockets (60 characters at most)"
  if [ -f "$DIR/settings" ]; then
    recall
    [ "$ADDR" = "$3" ] || die "$DIR was made for $ADDR"
  else
    NAME=dc1 BACKEND=${AD_DNS:-NONE} REALM=${AD_REALM:-CORP.EXAMPLE.COM} DOMAIN=${AD_DOMAIN:-CORP} PASSWORD=${AD_ADMIN_PW:-Passw0rd!Lab}
    remember; recall
    provision || { rm -f "$DIR/settings"; exit 1; }
  fi
  alive || up
  echo "domain $DOMAIN at ldaps://$ADDR as Administrator@$DNS, authority $DIR/private/tls/ca.pem" ;;
join)
  ADDR=${3:?address} OF=$(realpath "${4:?folder of the first domain controller}")
  case $ADDR in 127.*) ;; *) die "only a loopback address" ;; esac
  mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd)
  [ ${#DIR} -le 60 ] || die "the path of $DIR is too long for unix sockets (60 characters at most)"
  own=$DIR address=$ADDR
  . "$OF/settings"
  DIR=$own ADDR=$address NAME=dc2
  remember; recall
  join || { rm -f "$DIR/settings"; exit 1; }
  up
  echo "$FQDN at ldaps://$ADDR as Administrator@$DNS, authority $DIR/private/tls/ca.pem" ;;
pull)
  OF=${3:?folder of the other domain controller}
  recall
  other=$(. "$OF/settings"; echo "$FQDN")
  grep -q " $other " "$DIR/hosts" || know "$OF"
  (server_environment; exec samba-tool drs replicate "$NAME" "$other" "$BASE" --local -s "$DIR/etc/offline.conf" \
    -U "Administrator%$PASSWORD") ;;
dns)
  recall; action=${3:?add or delete}; shift 3
  (server_environment; exec samba-tool dns "$action" "$FQDN" "$@" -s "$DIR/etc/offline.conf" -U "Administrator%$PASSWORD") ;;
load) recall; offline load "$(realpath "${3:?file}")" ;;
seed) recall; offline seed "${3:?count}" ;;
env)
  recall
  printf 'export %s=%q\n' AD_ADDR "$ADDR" AD_FQDN "$FQDN" AD_BASE "$BASE" AD_BIND_DN "Administrator@$DNS" \
    AD_BIND_PW "$PASSWORD" LDAPTLS_CACERT "$DIR/private/tls/ca.pem" ;;
stop) recall; down ;;
clean) [ -f "$DIR/settings" ] || exit 0; recall; down; cd /; rm -rf "$DIR" ;;
*) die "unknown command $CMD" ;;
esac
