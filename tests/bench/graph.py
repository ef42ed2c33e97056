#!/usr/bin/env python3
"""Writes a made-up access graph in the binary layout `caliper optimise` reads.

    graph.py --pairs 1000000 --seed 1 --out org.bin
    graph.py --kind cycles --pairs 1000000 --seed 1 --out cycles.bin

`organisation`: offices with machines of their own and meeting rooms, shift sites with shared kiosks, call centres
with free seating, wards, and a few administrators and service accounts that reach everywhere and
glue the rest together. Three more are hard in one way each: `random` has no leaves to begin with and
no structure, `popular` has few devices used by very many, `cycles` are as long as they come, so that
one change reaches far. Assumptions, not measurements. Numbers are shuffled, so that neighbours in
the organisation are strangers in memory; the pairs come site by site. The same arguments give the same file everywhere: all
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


SITES = [office] * 8 + [shift] * 4 + [call_centre] + [ward] * 7


def organisation(chance, wanted):
    """(user, device) pairs, without duplicates, and the numbers of users and devices."""
    pairs, users, devices = array("I"), 0, 0
    while len(pairs) < 2 * wanted:
        first = devices
        for seen in SITES[chance.below(len(SITES))](chance, first):
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


def random(chance, wanted):
    """Three to five devices each, of a quarter as many as there are pairs."""
    devices = wanted // 4 + 5
    return rows(wanted, devices, (chance.some(0, devices, chance.between(3, 5)) for _ in iter(int, 1)))


def popular(chance, wanted):
    """An eighth as many devices as pairs, the first of them far more likely; mostly two, sometimes very many each."""
    devices = wanted // 8 + 64

    def seen():
        reach = 1
        while reach < 4096 and chance.below(2):
            reach *= 2
        return {chance.below(1 << 16) * chance.below(1 << 16) * devices >> 32 for _ in range(chance.between(1, 2 * reach))}

    return rows(wanted, devices, (seen() for _ in iter(int, 1)))


def cycles(chance, wanted):
    """Cycles of up to 131,070 users and devices in turn, with a chord at every 64th user."""

    def users():
        first = 0
        while True:
            length = chance.between(1, 2 << chance.below(16))
            for step in range(length):
                chord = {first + chance.below(length)} if step % 64 == 63 else set()
                yield {first + step, first + (step + 1) % length} | chord
            first += length

    return rows(wanted, None, users())


def rows(wanted, devices, users):
    """(user, device) pairs from the devices of each user, and the numbers of users and devices."""
    pairs, count = array("I"), 0
    for seen in users:
        for device in sorted(seen):
            pairs.extend((count, device))
        count += 1
        if len(pairs) >= 2 * wanted:
            break
    pairs = pairs[: 2 * wanted]
    return pairs, count, devices or max(pairs[1::2]) + 1


KINDS = {"organisation": organisation, "random": random, "popular": popular, "cycles": cycles}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kind", default="organisation", choices=KINDS)
    arguments.add_argument("--pairs", type=int, default=1_000_000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--out", required=True)
    asked = arguments.parse_args()
    chance = Chance(asked.seed)
    pairs, users, devices = KINDS[asked.kind](chance, asked.pairs)
    user, device = chance.shuffled(users), chance.shuffled(devices)
    checksum = 0xCBF29CE484222325
    for i in range(0, len(pairs), 2):
        pairs[i], pairs[i + 1] = user[pairs[i]], device[pairs[i + 1]]
    for i in range(0, len(pairs), 2):
        checksum = ((checksum ^ pairs[i]) * 0x100000001B3) & MASK
        checksum = ((checksum ^ pairs[i + 1]) * 0x100000001B3) & MASK
    with open(asked.out, "wb") as out:
        out.write(b"ORGG" + struct.pack("<IIIQQ", 1, users, devices, asked.pairs, checksum))
        pairs.tofile(out)
    print(f"{users} users, {devices} devices, {asked.pairs} pairs, checksum {checksum:016x}")


if __name__ == "__main__":
    main()
