#!/usr/bin/python3
"""Adds entries to a stopped Samba domain, straight into its database.

samba-ad-seed.py CONF load FILE   the entries of an LDIF file, in order
samba-ad-seed.py CONF seed N      N made-up users, N computers and two nested groups

One batch for everything: an entry costs about 2 ms that way, 10 ms over LDAP.
"""
import sys

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

CONTROLS = ["local_oid:1.3.6.1.4.1.4203.666.5.12:0"]  # relax: an entry may bring its own objectSid


def made_up(base, realm, count):
    """The LDIF of `count` users and computers below OU=Seed; every 20th user is disabled."""
    yield f"dn: OU=Seed,{base}\nobjectClass: organizationalUnit\n"
    for i in range(count):
        uac = 546 if i % 20 == 19 else 544
        yield (f"dn: CN=u{i:06d},OU=Seed,{base}\nobjectClass: user\nsAMAccountName: u{i:06d}\n"
               f"userPrincipalName: u{i:06d}@{realm}\ngivenName: First{i}\nsn: Last{i}\ndisplayName: First{i} Last{i}\n"
               f"mail: u{i:06d}@{realm}\ndepartment: Dept{i % 50}\nuserAccountControl: {uac}\n")
    for i in range(count):
        yield (f"dn: CN=PC{i:06d},OU=Seed,{base}\nobjectClass: computer\nsAMAccountName: PC{i:06d}$\n"
               f"userAccountControl: 4128\ndNSHostName: pc{i:06d}.{realm}\noperatingSystem: Windows 11 Enterprise\n"
               f"operatingSystemVersion: 10.0 (22631)\n")
    members = "".join(f"member: CN=u{i:06d},OU=Seed,{base}\n" for i in range(count))
    yield f"dn: CN=Inner,OU=Seed,{base}\nobjectClass: group\nsAMAccountName: Inner\n{members}"
    yield f"dn: CN=Outer,OU=Seed,{base}\nobjectClass: group\nsAMAccountName: Outer\nmember: CN=Inner,OU=Seed,{base}\n"


def main():
    conf, command, argument = sys.argv[1:4]
    lp = LoadParm()
    lp.load(conf)
    db = SamDB(session_info=system_session(), lp=lp, options=["batch_mode:1", "transaction_index_cache_size:100000"])
    if command == "load":
        with open(argument, encoding="utf-8") as file:
            text = file.read()
    else:
        text = "\n".join(made_up(str(db.get_default_basedn()), db.domain_dns_name(), int(argument)))
    passwords, added, groups = [], 0, []
    db.transaction_start()
    for _, message in db.parse_ldif(text):
        if "clearTextPassword" in message:
            passwords.append((str(message["sAMAccountName"][0]), str(message["clearTextPassword"][0])))
            message.remove("clearTextPassword")
        if "objectClass" not in message:  # members of a group that exists already
            groups.append(message)
            continue
        db.add(message, controls=CONTROLS)
        added += 1
    for message in groups:
        for element in message.elements():
            element.set_flags(ldb.FLAG_MOD_ADD)
        db.modify(message)
    db.transaction_commit()
    for name, password in passwords:
        db.setpassword(f"(sAMAccountName={name})", password)
    print(f"{added} entries added")


main()
