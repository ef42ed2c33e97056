#!/usr/bin/env python3
"""Measures mixes, purchases (of one level and of several), connectors, modes, pools and bundles beside HiGHS on the same
accesses.

    cargo build --release -p caliper-optimise --example choices
    tests/bench/choices.py ACCESSES.csv --kinds connectors --limit 300      # time, memory and gap, side by side
    tests/bench/choices.py ACCESSES.csv --kinds purchase levels --owned 40 5   # owning CALs for 40 % of users, 5 % of devices
    tests/bench/choices.py ACCESSES.csv --kinds purchase levels --draws --highs-runs 0   # 16 inventories: proven, gap, time
    tests/bench/choices.py --check 50                                       # 50 made-up organisations of each kind

A file is CSV with a header and the columns user, device, server, level, external, rds, first, last, all numbers. HiGHS gets
what is best for it: licences as continuous variables wherever only connectors (or nothing) need to be whole, and connectors
left out that cost more than licences for all their users. Of purchases it gets the linear program when measured, whose
value is a bound only, and the whole problem when checked. For both: CPU seconds from accesses in memory to the result, and
peak memory of the process; HiGHS includes building its model. `--check` fails unless bound <= optimum <= cost, and equality
where a result is proven.
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ["highspy==1.15.1", "numpy==2.4.6"]
HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
KINDS = ["mix", "purchase", "levels", "connectors", "modes", "pool", "bundles"]
PRICES = {kind: (5, 4) for kind in KINDS} | {"connectors": (5, 4, 235), "bundles": (5, 4, 8)}
PURCHASES = ["purchase", "levels"]
# what is owned, in hundredths of all users and of all devices
DRAWS = [(2, 35), (5, 5), (15, 2), (20, 20), (35, 15), (40, 5), (45, 3), (10, 45), (60, 2), (3, 60), (30, 30), (55, 10), (25, 1),
         (50, 50), (1, 20), (60, 40)]


class Model:
    """Rows and columns for HiGHS, by lists."""

    def __init__(self):
        self.cost, self.upper, self.whole, self.names = [], [], [], {}
        self.low, self.start, self.index, self.value = [], [0], [], []

    def column(self, name, cost, whole=False, upper=1.0):
        if name not in self.names:
            self.names[name] = len(self.cost)
            self.cost.append(cost)
            self.upper.append(upper)
            self.whole.append(whole)
        return self.names[name]

    def row(self, columns, at_least=1.0):
        for column, value in columns:
            self.index.append(column)
            self.value.append(value)
        self.start.append(len(self.index))
        self.low.append(at_least)

    def solve(self, limit):
        import highspy
        import numpy as np

        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(self.cost), len(self.low)
        lp.col_cost_ = np.array(self.cost, float)
        lp.col_lower_, lp.col_upper_ = np.zeros(lp.num_col_), np.array(self.upper, float)
        lp.row_lower_, lp.row_upper_ = np.array(self.low, float), np.full(lp.num_row_, highspy.kHighsInf)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.array(self.start, np.int32)
        lp.a_matrix_.index_ = np.array(self.index, np.int32)
        lp.a_matrix_.value_ = np.array(self.value, float)
        if any(self.whole):
            kinds = [highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger]
            lp.integrality_ = [kinds[whole] for whole in self.whole]
        solver = highspy.Highs()
        for option, value in [("output_flag", False), ("threads", 1), ("time_limit", float(limit)), ("mip_rel_gap", 0.0)]:
            solver.setOptionValue(option, value)
        solver.passModel(lp)
        solver.run()
        done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
        return solver.getInfo().objective_function_value if done else None


def levels_of(rows):
    """Each pair with the level it needs, from 1, and how many levels there are."""
    known = {version: at for at, version in enumerate(sorted({row[3] for row in rows}), 1)}
    pairs = {}
    for row in rows:
        pairs[row[:2]] = max(pairs.get(row[:2], 0), known[row[3]])
    return pairs, len(known)


def prices_of(kind, rows, owned):
    """Prices, and of purchases how many are owned: shares of a hundred of all users and devices, evenly over the levels."""
    if kind not in PURCHASES:
        return PRICES[kind]
    levels = levels_of(rows)[1] if kind == "levels" else 1
    counts = [len({row[side] for row in rows}) * owned[side] // 100 for side in (0, 1)]
    split = lambda count: [count // levels + (at < count % levels) for at in range(levels)]
    return (*PRICES[kind], *split(counts[0]), *split(counts[1]))


def purchase_model(pairs, levels, prices, whole):
    """Whoever holds a level holds those below; of each level or higher no more is held than owned and bought."""
    model, held = Model(), {}
    column = lambda end, level: (model.column((*end, level), 0.0, whole), 1.0)
    for (u, d), level in sorted(pairs.items()):
        model.row([column(("u", u), level), column(("d", d), level)])
        for end in (("u", u), ("d", d)):
            held[end] = max(held.get(end, 0), level)
    for end, highest in sorted(held.items()):
        for level in range(1, highest):
            model.row([column(end, level), (column(end, level + 1)[0], -1.0)], 0.0)
    for at, side in enumerate("ud"):
        bought = (model.column(("bought", side), prices[at], False, 1e9), 1.0)
        owned = prices[2 + at * levels : 2 + (at + 1) * levels]
        for level in range(1, levels + 1):
            holders = [(column(end, level)[0], -1.0) for end, highest in sorted(held.items()) if end[0] == side and highest >= level]
            model.row([bought, *holders], -float(sum(owned[level - 1 :])))
    return model


def model_of(kind, rows, prices, whole=False):
    if kind in PURCHASES:
        pairs, levels = levels_of(rows) if kind == "levels" else ({row[:2]: 1 for row in rows}, 1)
        return purchase_model(pairs, levels, prices, whole)
    a, b, c = (*prices, 0)[:3]
    model = Model()
    user = lambda one, family=0: (model.column(("u", family, one), a), 1.0)
    device = lambda one, family=0: (model.column(("d", family, one), b), 1.0)
    if kind == "mix":
        for u, d in sorted({(r[0], r[1]) for r in rows}):
            model.row([user(u), device(d)])
    elif kind == "connectors":
        ordinary = {(r[0], r[1]) for r in rows if not r[4]}
        reaching = {}
        for r in rows:
            if r[4] and (r[0], r[1]) not in ordinary:
                reaching.setdefault(r[2], set()).add(r[0])
        useful = {server for server, users in reaching.items() if a * len(users) > c}
        ordinary |= {(r[0], r[1]) for r in rows if r[4] and r[2] not in useful}
        for u, d in sorted(ordinary):
            model.row([user(u), device(d)])
        for u, d, s in sorted({(r[0], r[1], r[2]) for r in rows if r[4] and r[2] in useful}):
            if (u, d) not in ordinary:
                model.row([user(u), device(d), (model.column(("s", s), c, True), 1.0)])
    elif kind == "modes":
        for u, s in sorted({(r[0], r[2]) for r in rows if r[5]}):
            model.row([user(u), (model.column(("h", s), 0.0), 1.0)])
        for d, s in sorted({(r[1], r[2]) for r in rows if r[5]}):
            model.row([device(d), (model.column(("h", s), 0.0), -1.0)], 0.0)
    elif kind == "pool":
        spans = {}
        for r in rows:
            for end in (("u", r[0]), ("d", r[1])):
                first, last = spans.get(end, (r[6], r[7]))
                spans[end] = (min(first, r[6]), max(last, r[7]))
        spans = {end: (first, max(last, first + 90)) for end, (first, last) in spans.items()}
        held = lambda end: (model.column(end, 0.0, True), 1.0)
        for u, d in sorted({(r[0], r[1]) for r in rows}):
            model.row([held(("u", u)), held(("d", d))])
        for side, price in (("u", a), ("d", b)):
            peak = (model.column(("peak", side), price, False, 1e9), 1.0)
            of_side = sorted((end, span) for end, span in spans.items() if end[0] == side)
            for day in sorted({span[0] for _, span in of_side}):
                inside = [end for end, (first, last) in of_side if first <= day <= last]
                model.row([peak] + [(held(end)[0], -1.0) for end in inside], 0.0)
    else:
        base, remote = {(r[0], r[1]) for r in rows}, {(r[0], r[1]) for r in rows if r[5]}
        for family, pairs in ((1, base), (2, remote)):
            for u, d in sorted(pairs):
                model.row([user(u, family), (model.column(("suite", u), c), 1.0), device(d, family)])
    return model


def read(path):
    with open(path) as file:
        next(file)
        return [tuple(map(int, line.split(","))) for line in file]


def highs(kind, path, limit, owned):
    """Runs in a process of its own; prints one JSON object."""
    rows = read(path)
    import highspy  # noqa: F401  loading it is not measured

    started = time.process_time()
    cost = model_of(kind, rows, prices_of(kind, rows, owned)).solve(limit)
    print(json.dumps({"cost": cost and round(cost, 6), "seconds": time.process_time() - started}))


def run(command):
    """What a command printed as JSON, and its peak memory in MiB; none if it fails."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(list(map(str, command)), stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            return None, 0
        out.seek(0)
        return json.loads(out.read()), usage.ru_maxrss // 1024


def measure(asked, python):
    for path in asked.files:
        for kind in asked.kinds:
            ours, theirs = [], []
            prices = prices_of(kind, read(path) if kind in PURCHASES else [], asked.owned)
            for _ in range(asked.runs):
                result, memory = run([asked.choices, kind, path, *prices])
                ours.append((result["seconds"], memory, result))
            for _ in range(asked.highs_runs):
                result, memory = run([python, HERE, "--highs", kind, path, "--limit", asked.limit, "--owned", *asked.owned])
                theirs.append((result["seconds"] if result else float("nan"), memory, result or {"cost": None}))
            seconds, memory, result = min(ours, key=lambda one: one[0])
            gap = (result["cost"] - result["lower_bound"]) / max(result["cost"], 1)
            line = f"{path} {kind} {prices}: {result}\n   caliper {seconds:.3f} s {memory} MiB, gap {gap:.4%}"
            if theirs:
                their_seconds, their_memory, their_result = min(theirs, key=lambda one: one[0])
                line += f"; HiGHS {their_result['cost']} {their_seconds:.2f} s {their_memory} MiB"
                line += f"; {their_seconds / max(seconds, 1e-6):.0f} times"
                found = their_result["cost"]
                best = found is None or kind in PURCHASES or result["lower_bound"] <= found + 1e-4
                assert found is None or best and found <= result["cost"] + 1e-4, line
            print(line, flush=True)


def draws(asked, python):
    """One line for each inventory of each file, then how many are proven, the worst gap, and the times."""
    for path in asked.files:
        rows = read(path)
        for kind in (kind for kind in asked.kinds if kind in PURCHASES):
            seconds, gaps = [], []
            for owned in DRAWS:
                prices = prices_of(kind, rows, owned)
                tried = [run([asked.choices, kind, path, *prices])[0] for _ in range(asked.runs)]
                result = min(tried, key=lambda one: one["seconds"])
                seconds.append(result["seconds"])
                gaps.append((result["cost"] - result["lower_bound"]) / max(result["cost"], 1))
                line = f"{path} {kind} {owned}: {result['cost']}, gap {gaps[-1]:.4%}, {seconds[-1]:.3f} s"
                # the linear program stops where ours goes on to a plan and its proof
                bound_seconds = result.get("bound_seconds", seconds[-1])
                for _ in range(asked.highs_runs):
                    theirs, _ = run([python, HERE, "--highs", kind, path, "--limit", asked.limit, "--owned", *owned])
                    found = theirs and theirs["cost"]
                    assert found is None or found <= result["cost"] + 1e-4, line
                    times = [theirs["seconds"] / max(own, 1e-6) for own in (seconds[-1], bound_seconds)] if theirs else []
                    line += f"; HiGHS {found} after {theirs['seconds'] if theirs else 'more than the limit'} s"
                    line += "".join(f", {ratio:.0f} times {to}" for ratio, to in zip(times, ["all", "the bound"]))
                print(line, flush=True)
            seconds.sort()
            print(f"{path} {kind}: {gaps.count(0)} of {len(gaps)} proven, worst gap {max(gaps):.4%}; half take at most "
                  f"{seconds[len(seconds) // 2 - 1]:.3f} s, the slowest {seconds[-1]:.3f} s", flush=True)


def organisation(seed, size):
    """A small made-up organisation: teams with shared devices, partners who come over portals, sessions, days."""
    chance = random.Random(seed)
    rows, users, devices, servers = set(), 0, 0, 4
    while len(rows) < size:
        people, machines, external = chance.randint(2, 14), chance.randint(1, 10), chance.random() < 0.5
        own = servers
        servers += chance.randint(1, 3)
        for person in range(users, users + people):
            for _ in range(chance.randint(1, 3)):
                stray = devices and chance.random() < 0.1
                device = chance.randrange(devices) if stray else devices + chance.randrange(machines)
                first = chance.randrange(300)
                for server in {chance.randrange(own, servers), *([chance.randrange(4)] if chance.random() < 0.4 else [])}:
                    level, remote = (2016, 2019, 2022)[server % 5 % 3], int(server % 3 == 0)
                    last = first + chance.randrange(60)
                    rows.add((person, device, server, level, int(external), remote, first, last))
        users, devices = users + people, devices + machines
    return sorted(rows)


def check(asked):
    """Compares with HiGHS on many small instances, in this process for HiGHS."""
    for kind in asked.kinds:
        proven, seconds, worst = 0, 0.0, 0.0
        for seed in range(101, 101 + asked.check):
            rows = organisation(f"{kind} {seed}", 40 + seed % 50 * {"pool": 4, "purchase": 12, "levels": 8}.get(kind, 40))
            owned = (5 + 7 * seed % 60, 5 + 11 * seed % 50)
            prices = (5, 4, 18) if kind == "connectors" else prices_of(kind, rows, owned)
            with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
                file.write("user,device,server,level,external,rds,first,last\n")
                file.writelines(",".join(map(str, row)) + "\n" for row in rows)
                file.flush()
                ours, _ = run([asked.choices, kind, file.name, *prices])
            started = time.process_time()
            best = model_of(kind, rows, prices, whole=True).solve(asked.limit)
            seconds += time.process_time() - started
            bound, cost = ours["lower_bound"], ours["cost"]
            if best is None:
                print(f"{kind} {seed}: HiGHS found no optimum in time; {bound} to {cost}")
                continue
            assert bound <= best + 1e-4 and best <= cost + 1e-4, (kind, seed, bound, best, cost)
            proven += bound == cost
            worst = max(worst, cost / best - 1 if best else 0)
        print(f"{kind}: {asked.check} organisations, {proven} proven, none wrong, at most {worst:.2%} above HiGHS, "
              f"which took {seconds:.1f} s", flush=True)


def cache():
    """The user's folder for what can be fetched again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--check", type=int, default=0, metavar="COUNT")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--highs-runs", type=int, default=1)
    parser.add_argument("--owned", type=int, nargs=2, default=(40, 5), metavar=("USERS", "DEVICES"), help="shares of a hundred")
    parser.add_argument("--draws", action="store_true", help="16 inventories for purchases, a line each")
    parser.add_argument("--limit", type=float, default=150, help="seconds for HiGHS")
    parser.add_argument("--choices", default=ROOT / "target/release/examples/choices")
    parser.add_argument("--venv", type=Path, default=cache() / "caliper" / "highs")
    parser.add_argument("--highs", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.highs:
        return highs(asked.highs, asked.files[0], asked.limit, asked.owned)
    python = asked.venv / "bin" / "python"
    ready = asked.venv / "ready"
    if not ready.exists():  # an installation that was cut short begins anew
        subprocess.run([sys.executable, "-m", "venv", "--clear", asked.venv], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        ready.write_text("\n".join(PACKAGES))
    if asked.check and Path(sys.prefix).resolve() != asked.venv.resolve():
        os.execv(python, [str(python), str(HERE), *sys.argv[1:]])
    if asked.check:
        check(asked)
    (draws if asked.draws else measure)(asked, python)


if __name__ == "__main__":
    main()
