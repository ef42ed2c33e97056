#!/usr/bin/env bash
# A real OpenLDAP server for tests, on one loopback address and ports of its own.
#
#   slapd.sh start DIR ADDR [PORT [TLSPORT]]   make (the first time) and start it; 3890 and 6360 if no ports are given
#   slapd.sh load  DIR FILE                    add the entries of an LDIF file while it is stopped (it is started again)
#   slapd.sh env   DIR                         shell variables for a client
#   slapd.sh stop  DIR                         end it
#   slapd.sh clean DIR                         end it and delete DIR
#
# LDAP_BASE (dc=example,dc=com) and SLAPD_PW are remembered in DIR at the first start. Needs the packages of setup.sh,
# not root. Writes nothing outside DIR.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin
die() { echo "slapd.sh: $*" >&2; exit 1; }

CMD=${1:-}; DIR=${2:-}
[ -n "$CMD" ] && [ -n "$DIR" ] || die "usage: slapd.sh start|load|env|stop|clean DIR ..."
for tool in slapd slapadd slappasswd openssl ldapsearch; do
  command -v $tool >/dev/null || die "$tool is missing: run tests/servers/setup.sh as root"
done

recall() { [ -f "$DIR/settings" ] || die "no server in $DIR"; . "$DIR/settings"; }
# The process in slapd.pid is ours only if it was started with the configuration in DIR.
alive() {
  [ -f "$DIR/slapd.pid" ] && PID=$(cat "$DIR/slapd.pid") && [ -n "$PID" ] && kill -0 "$PID" 2>/dev/null &&
    tr '\0' ' ' <"/proc/$PID/cmdline" | grep -qF -- "$DIR/slapd.conf"
}

certificates() {
  cd "$DIR/tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=slapd test CA" -keyout ca.key -out ca.pem \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
  openssl req -newkey rsa:2048 -nodes -subj "/CN=ldap.example.com" -keyout key.pem -out request.pem
  printf '%s\n' "subjectAltName=DNS:ldap.example.com,DNS:localhost,IP:$ADDR" extendedKeyUsage=serverAuth \
    basicConstraints=CA:FALSE >extensions
  openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions -out cert.pem
}

make_server() {
  mkdir -p "$DIR/db" "$DIR/tls"
  (certificates) >/dev/null 2>&1
  # the soft limit makes unpaged searches fail as a Windows domain controller's do
  cat >"$DIR/slapd.conf" <<C
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile $DIR/slapd.pid
argsfile $DIR/slapd.args
TLSCACertificateFile $DIR/tls/ca.pem
TLSCertificateFile $DIR/tls/cert.pem
TLSCertificateKeyFile $DIR/tls/key.pem
sizelimit size.soft=500 size.hard=500 size.prtotal=unlimited
database mdb
suffix "$BASE"
rootdn "cn=admin,$BASE"
rootpw $(slappasswd -s "$PASSWORD")
directory $DIR/db
maxsize 4294967296
dbnosync
index objectClass,entryUUID eq
index uid,cn,mail eq,sub
index member,memberOf eq
overlay memberof
access to attrs=userPassword by self write by anonymous auth by * none
access to * by users read by anonymous auth
C
  local dc=${BASE%%,*}
  # the reader is an ordinary account: the size limit does not hold for the root DN
  slapadd -q -f "$DIR/slapd.conf" <<L
dn: $BASE
objectClass: dcObject
objectClass: organization
o: Example
dc: ${dc#dc=}

dn: cn=reader,$BASE
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: reader
userPassword: $PASSWORD
L
}

up() {
  setsid slapd -d 0 -f "$DIR/slapd.conf" -h "ldap://$ADDR:$PORT/ ldaps://$ADDR:$TLSPORT/" </dev/null >"$DIR/slapd.log" 2>&1 &
  local pid=$!
  for _ in $(seq 400); do
    kill -0 $pid 2>/dev/null || { cat "$DIR/slapd.log" >&2; die "slapd ended: is something else listening on $ADDR?"; }
    LDAPTLS_CACERT=$DIR/tls/ca.pem ldapsearch -x -o nettimeout=2 -H "ldaps://$ADDR:$TLSPORT" -D "cn=reader,$BASE" \
      -w "$PASSWORD" -b "$BASE" -s base dn >/dev/null 2>&1 && return
    sleep 0.05
  done
  die "slapd did not answer on $ADDR"
}

down() {
  alive || return 0
  kill "$PID"
  for _ in $(seq 400); do kill -0 "$PID" 2>/dev/null || return 0; sleep 0.05; done
  die "slapd $PID does not end"
}

case $CMD in
start)
  ADDR=${3:?address} PORT=${4:-3890} TLSPORT=${5:-6360}
  case $ADDR in 127.*) ;; *) die "only a loopback address" ;; esac
  mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd)
  if [ ! -f "$DIR/settings" ]; then
    BASE=${LDAP_BASE:-dc=example,dc=com} PASSWORD=${SLAPD_PW:-secret}
    make_server
    printf '%s=%q\n' ADDR "$ADDR" PORT "$PORT" TLSPORT "$TLSPORT" DIR "$DIR" BASE "$BASE" PASSWORD "$PASSWORD" >"$DIR/settings"
  fi
  recall
  alive || up
  echo "ldaps://$ADDR:$TLSPORT ldap://$ADDR:$PORT as cn=reader,$BASE, authority $DIR/tls/ca.pem" ;;
load)
  recall; FILE=$(realpath "${3:?file}"); RUNNING=0
  if alive; then RUNNING=1; down; fi
  slapadd -w -q -f "$DIR/slapd.conf" -l "$FILE"
  [ $RUNNING = 0 ] || up ;;
env)
  recall
  printf 'export %s=%q\n' LDAP_URL "ldap://$ADDR:$PORT" LDAPS_URL "ldaps://$ADDR:$TLSPORT" LDAP_BASE "$BASE" \
    LDAP_BIND_DN "cn=reader,$BASE" LDAP_BIND_PW "$PASSWORD" LDAPTLS_CACERT "$DIR/tls/ca.pem" ;;
stop) recall; down ;;
clean) [ -f "$DIR/settings" ] || exit 0; recall; down; rm -rf "$DIR" ;;
*) die "unknown command $CMD" ;;
esac
