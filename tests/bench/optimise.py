#!/usr/bin/env python3
"""Measures `caliper optimise` beside OR-tools, SciPy, PyMaxflow and LEMON on the same pairs, and writes a table.

    cargo build --release -p caliper-aggregator
    tests/bench/optimise.py                                   # every kind of graph, order and pair of prices, 1,000,000 pairs
    tests/bench/optimise.py --kinds organisation --pairs 10000000 --peer-runs 1
    tests/bench/optimise.py some.bin other.bin --prices 5:4,1:1 --orders by-user --table table.md

At unequal prices the peers are OR-tools' SimpleMaxFlow, SciPy's Dinic, PyMaxflow (Boykov and Kolmogorov) and LEMON's
preflow; at equal ones the matchings of SciPy and LEMON. All are installed here: three from their registry into a virtual
environment, LEMON from Debian (liblemon-dev, which needs root). A peer that takes longer than `--limit` CPU seconds is
stopped and not tried again.

Files are in the binary layout (`aggregator/src/pairs/binary.rs`). Two orders: `by-site` as the file lists them, and
`by-user` sorted by user and device. Numbers are shuffled in graphs made here, so sorted pairs have no neighbours in
memory. For each solver: CPU seconds from pairs in memory to the optimum, that is building its graph and solving; the
best of its runs, which are interleaved so that all see the same machine. Ours includes cover, demand and the check of
both; the peers give the value only. Memory is what a solver needs above the loaded pairs, at its peak, in bytes a pair;
of ours it is all of the program but 8 bytes a pair.
`adjacency` says how many times as long all of ours takes as building the adjacency. Fails unless all values agree and
the certificates verify.
"""
import argparse
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ["ortools==9.15.6755", "scipy==1.17.1", "numpy==2.4.6", "PyMaxflow==1.3.2"]
FLOWS, MATCHINGS = ["ortools", "scipy", "pymaxflow", "lemon"], ["matching", "lemon"]
NAMES = {"ortools": "OR-tools", "scipy": "SciPy", "pymaxflow": "PyMaxflow", "lemon": "LEMON", "matching": "SciPy"}
KINDS = ["organisation", "random", "popular", "cycles"]
ORDERS = ["by-site", "by-user"]
HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]
HEADER = struct.Struct("<4sIIIQQ")


def peer(name, path, user_price, device_price):
    """Runs in a process of its own, with the packages; prints one JSON object."""
    import numpy as np

    with open(path, "rb") as file:
        _, _, users, devices, _, _ = HEADER.unpack(file.read(HEADER.size))
        pairs = np.fromfile(file, dtype="<u4").reshape(-1, 2).astype(np.int32)
    user, device = np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])
    del pairs
    if name == "ortools":
        from ortools.graph.python import max_flow
    elif name == "pymaxflow":
        import maxflow
    else:
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import maximum_bipartite_matching, maximum_flow
    loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    if name == "matching":
        graph = csr_matrix((np.ones(len(user), np.int8), (user, device)), (users, devices))
        value = int((maximum_bipartite_matching(graph) >= 0).sum()) * user_price
    elif name == "pymaxflow":
        graph = maxflow.Graph[int](users + devices, len(user))
        nodes = graph.add_grid_nodes(users + devices)
        graph.add_grid_tedges(nodes[:users], user_price, 0)
        graph.add_grid_tedges(nodes[users:], 0, device_price)
        graph.add_edges(user, device + np.int32(users), np.full(len(user), user_price + device_price), np.zeros(len(user), int))
        value = int(graph.maxflow())
    else:
        source, sink = users + devices, users + devices + 1
        all_users, all_devices = np.arange(users, dtype=np.int32), np.arange(users, source, dtype=np.int32)
        tails = np.concatenate([np.full(users, source, np.int32), all_devices, user])
        heads = np.concatenate([all_users, np.full(devices, sink, np.int32), device + np.int32(users)])
        # Pairs bear any demand: only so is the cut a cover.
        sizes = [(users, user_price), (devices, device_price), (len(user), user_price + device_price)]
        capacities = np.concatenate([np.full(count, price, np.int32) for count, price in sizes])
        if name == "ortools":
            flow = max_flow.SimpleMaxFlow()
            flow.add_arcs_with_capacity(tails, heads, capacities)
            assert flow.solve(source, sink) == flow.OPTIMAL
            value = flow.optimal_flow()
        else:
            graph = csr_matrix((capacities, (tails, heads)), (sink + 1, sink + 1))
            value = int(maximum_flow(graph, source, sink).flow_value)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"cost": value, "seconds": seconds, "added": peak - loaded}))


def sort_by_user(path, target):
    """Runs with the packages: the same pairs, sorted."""
    import numpy as np

    with open(path, "rb") as file:
        magic, version, users, devices, count, _ = HEADER.unpack(file.read(HEADER.size))
        words = np.fromfile(file, dtype="<u4").reshape(-1, 2).astype(np.uint64)
    words = np.sort(words[:, 0] << np.uint64(32) | words[:, 1])
    words = np.stack([words >> np.uint64(32), words & np.uint64(0xFFFFFFFF)], 1).astype("<u4").reshape(-1)
    checksum = 0xCBF29CE484222325
    for word in words.tolist():
        checksum = ((checksum ^ word) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    with open(target, "wb") as out:
        out.write(HEADER.pack(magic, version, users, devices, count, checksum))
        words.tofile(out)


def run(command, stdin=None, limit=None):
    """Standard output and peak memory (KiB) of a command that has to succeed; no output if it hits the limit."""
    restrict = limit and (lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5)))
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdin=stdin, stdout=out, preexec_fn=restrict)
        _, status, usage = os.wait4(child.pid, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU:
            return None, usage.ru_maxrss
        if status:
            sys.exit(f"failed: {' '.join(map(str, command))}")
        out.seek(0)
        return out.read(), usage.ru_maxrss


def environment(folder):
    python = folder / "bin" / "python"
    stamp = folder / "packages"
    if not stamp.exists() or stamp.read_text() != "\n".join(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        stamp.write_text("\n".join(PACKAGES))
    return python


def lemon(scratch):
    if not Path("/usr/include/lemon/preflow.h").exists():
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "liblemon-dev"], check=True, stdout=sys.stderr)
    run(["c++", "-O2", "-o", scratch / "lemon", HERE.with_name("lemon.cpp"), "-llemon"])


def lemon_input(path, prices, target):
    """What lemon.cpp reads, as a file."""
    with open(path, "rb") as file, open(target, "wb") as out:
        _, _, users, devices, count, _ = HEADER.unpack(file.read(HEADER.size))
        out.write(struct.pack("<5I", users, devices, *prices, count))
        shutil.copyfileobj(file, out)


class Bench:
    def __init__(self, asked, scratch):
        self.asked, self.scratch = asked, scratch
        self.python = environment(asked.venv)
        lemon(scratch)

    def caliper(self, path, prices, *more):
        out, peak = run([self.asked.caliper, "optimise", path, "--user-price", str(prices[0]), "--device-price", str(prices[1]), "--json", *more])
        return {**json.loads(out), "peak": peak}

    def ours(self, path, prices):
        found = self.caliper(path, prices)
        assert found["proven"], "caliper found no proof"
        build, solve, pairs = found["seconds"]["build"], found["seconds"]["solve"], found["graph"]["pairs"]
        added = found["peak"] - 8 * pairs / 1024
        return {"cost": found["cost"], "seconds": build + solve, "adjacency": (build + solve) / build, "added": added, "pairs": pairs}

    def peer(self, name, path, prices):
        if name == "lemon":
            words = self.scratch / "lemon-input"
            lemon_input(path, prices, words)
            with open(words, "rb") as file:
                out, _ = run([self.scratch / "lemon"], file, self.asked.limit)
        else:
            out, _ = run([self.python, HERE, "--peer", name, path, *map(str, prices)], limit=self.asked.limit)
        return out and json.loads(out)

    def measure(self, path, prices):
        """The best run of each solver, `None` for one that was stopped."""
        peers = MATCHINGS if prices[0] == prices[1] else FLOWS
        runs = {name: [] for name in ["ours", *(name for name in peers if name in self.asked.peers)]}
        for turn in range(max(self.asked.runs, self.asked.peer_runs)):
            if turn < self.asked.runs:
                runs["ours"].append(self.ours(path, prices))
            for name, found in runs.items():
                if name != "ours" and turn < self.asked.peer_runs and None not in found:
                    found.append(self.peer(name, path, prices))
        costs = {one["cost"] for found in runs.values() for one in found if one}
        if len(costs) != 1:
            sys.exit(f"the solvers disagree on {path} at {prices}: {costs}")
        certificate = self.scratch / "certificate"
        self.caliper(path, prices, "--certificate", certificate)
        run([self.asked.caliper, "verify-certificate", path, certificate])
        return {name: None if None in found else min(found, key=lambda one: one["seconds"]) for name, found in runs.items()}

    def row(self, graph, order, prices, best):
        ours = best.pop("ours")
        ended = {name: one for name, one in best.items() if one}
        cells = [f"{NAMES[name]} {one['seconds']:.2f}" if one else f"{NAMES[name]} over {self.asked.limit}" for name, one in best.items()]
        ratio, memory = "", ""
        if ended:
            first = min(ended, key=lambda name: ended[name]["seconds"])
            ratio = f"**{ended[first]['seconds'] / ours['seconds']:.1f}** ({NAMES[first]})"
            memory = f" ({ended[first]['added'] * 1024 / ours['pairs']:.0f})"
        return (
            f"| {graph}, {ours['pairs']:,} | {order} | {prices[0]}:{prices[1]} | {ours['seconds']:.3f} | {', '.join(cells)} | {ratio} "
            f"| {ours['added'] * 1024 / ours['pairs']:.0f}{memory} | {ours['adjacency']:.1f} |"
        )


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(*sys.argv[2:4], *map(int, sys.argv[4:6]))
    if sys.argv[1:2] == ["--sort"]:
        return sort_by_user(*sys.argv[2:4])
    several = lambda text: text.split(",")
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("files", nargs="*", type=Path, help="binary pairs; generated when left out")
    arguments.add_argument("--kinds", type=several, default=KINDS, help="graphs to generate: " + ",".join(KINDS))
    arguments.add_argument("--pairs", type=int, default=1_000_000, help="pairs to generate")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--orders", type=several, default=ORDERS)
    arguments.add_argument("--prices", type=several, default=["5:4", "47:36", "1:1"], help="of users and devices")
    arguments.add_argument("--peers", type=several, default=[*FLOWS, "matching"])
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--peer-runs", type=int, default=2)
    arguments.add_argument("--limit", type=int, default=60, help="CPU seconds for a peer")
    arguments.add_argument("--table", type=Path, help="where to write the table as well, row by row")
    arguments.add_argument("--caliper", type=Path, default=ROOT / "target" / "release" / "caliper")
    arguments.add_argument("--venv", type=Path, default=ROOT / "target" / "bench-venv", help="where the peers are installed")
    asked = arguments.parse_args()

    def tell(line):
        print(line, flush=True)
        if asked.table:
            with open(asked.table, "a") as table:
                print(line, file=table)

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        bench = Bench(asked, scratch)
        tell(f"best of {asked.runs} (peers {asked.peer_runs}) on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start\n")
        tell("| graph, pairs | order | prices | CPU s | others, CPU s | times faster | bytes a pair (best other) | adjacency |\n|---|---|---|---|---|---|---|---|")
        for graph in asked.files or asked.kinds:
            by_site, by_user = scratch / "by-site.bin", scratch / "by-user.bin"
            if asked.files:
                by_site = graph
            else:
                run([sys.executable, HERE.with_name("graph.py"), "--kind", graph, "--pairs", str(asked.pairs), "--seed", str(asked.seed), "--out", by_site])
            if "by-user" in asked.orders:
                run([bench.python, HERE, "--sort", by_site, by_user])
            for order in asked.orders:
                for text in asked.prices:
                    prices = tuple(map(int, text.split(":")))
                    best = bench.measure(by_site if order == "by-site" else by_user, prices)
                    tell(bench.row(graph.stem if asked.files else graph, order, prices, best))
        tell(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
