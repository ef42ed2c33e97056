#!/usr/bin/env python3
"""Writes the access graph of a made-up organisation in the binary layout `caliper optimise` reads.

    graph.py --pairs 1000000 --seed 1 --out org.bin

Offices with machines of their own and meeting rooms, shift sites with shared kiosks, call centres
with free seating, wards, and a few administrators and service accounts that reach everywhere and
glue the rest together. Assumptions, not measurements. Numbers are shuffled, so that neighbours in
the organisation are strangers in memory; with `--by-user` the pairs then come sorted, as a database
would list them. The same arguments give the same file everywhere: all
chance comes from one splitmix64 stream.
"""
import argparse
import struct
from array import array

MASK = (1 << 64) - 1


class Chance:
    def __init__(self, seed):
        self.state = seed & MASK

    def below(self, n):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) >> 32) * n >> 32

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def some(self, first, count, wanted):
        return {first + self.below(count) for _ in range(wanted)}

    def shuffled(self, n):
        order = array("I", range(n))
        for i in range(n - 1, 0, -1):
            j = self.below(i + 1)
            order[i], order[j] = order[j], order[i]
        return order


def office(chance, device):
    people = chance.between(20, 200)
    rooms = device + 3 * people
    for person in range(people):
        own = device + 3 * person
        seen = set(range(own, own + (1, 1, 1, 2, 2, 3)[chance.below(6)]))
        if chance.below(10) < 3:
            seen |= chance.some(rooms, people // 12 + 1, 1 + chance.below(3))
        yield seen


def shift(chance, device):
    for zone in range(chance.between(1, 12)):
        kiosks, first = chance.between(1, 10), device + 10 * zone
        for _ in range(kiosks * chance.between(3, 6)):
            seen = chance.some(first, kiosks, 1 + chance.below(kiosks))
            if zone and chance.below(10) == 0:
                seen.add(first - 10)
            yield seen


def call_centre(chance, device):
    desks = chance.between(40, 400)
    people = desks * chance.between(70, 250) // 100
    for person in range(people):
        row = device + person * (desks - 16) // people
        wanted = chance.between(1, 1 << chance.below(6))
        yield chance.some(row, 16, wanted) | chance.some(device, desks, wanted // 3)


def ward(chance, device):
    machines = chance.between(6, 25)
    for _ in range(machines * chance.between(60, 400) // 100 + 1):
        yield chance.some(device, machines, chance.between(2, machines))


KINDS = [office] * 8 + [shift] * 4 + [call_centre] + [ward] * 7


def organisation(chance, wanted):
    """(user, device) pairs, without duplicates, and the numbers of users and devices."""
    pairs, users, devices = array("I"), 0, 0
    while len(pairs) < 2 * wanted:
        first = devices
        for seen in KINDS[chance.below(len(KINDS))](chance, first):
            for device in sorted(seen):
                pairs.extend((users, device))
                devices = max(devices, device + 1)
            users += 1
        if chance.below(16) == 0:
            reach = 1 << chance.below(12)
            for device in sorted(chance.some(0, devices, reach)):
                pairs.extend((users, device))
            users += 1
    return pairs[: 2 * wanted], users, devices


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pairs", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--by-user", action="store_true", help="sorted by user and device")
    arguments.add_argument("--out", required=True)
    asked = arguments.parse_args()
    chance = Chance(asked.seed)
    pairs, users, devices = organisation(chance, asked.pairs)
    user, device = chance.shuffled(users), chance.shuffled(devices)
    checksum = 0xCBF29CE484222325
    for i in range(0, len(pairs), 2):
        pairs[i], pairs[i + 1] = user[pairs[i]], device[pairs[i + 1]]
    if asked.by_user:
        order = sorted(pairs[i] << 32 | pairs[i + 1] for i in range(0, len(pairs), 2))
        pairs = array("I", (half for pair in order for half in (pair >> 32, pair & 0xFFFFFFFF)))
    for i in range(0, len(pairs), 2):
        checksum = ((checksum ^ pairs[i]) * 0x100000001B3) & MASK
        checksum = ((checksum ^ pairs[i + 1]) * 0x100000001B3) & MASK
    with open(asked.out, "wb") as out:
        out.write(b"ORGG" + struct.pack("<IIIQQ", 1, users, devices, asked.pairs, checksum))
        pairs.tofile(out)
    print(f"{users} users, {devices} devices, {asked.pairs} pairs, checksum {checksum:016x}")


if __name__ == "__main__":
    main()
