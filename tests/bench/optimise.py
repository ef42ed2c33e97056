#!/usr/bin/env python3
"""Measures `caliper optimise` beside OR-tools, SciPy, PyMaxflow and LEMON on the same pairs.

    cargo build --release -p caliper-aggregator
    tests/bench/optimise.py                          # an organisation of 1,000,000 pairs, prices 5 and 4
    tests/bench/optimise.py org.bin --user-price 1 --device-price 1 --runs 3

OR-tools' SimpleMaxFlow, SciPy's Dinic and PyMaxflow (Boykov and Kolmogorov) take any prices; SciPy's
matching equal ones. LEMON (Debian package liblemon-dev, a C++ compiler) joins with `--lemon`: its
matching when prices are equal, otherwise its preflow, which can take minutes.

Files are in the binary layout (`aggregator/src/pairs/binary.rs`). For each solver: CPU seconds from
pairs in memory to the optimum, that is building its graph and solving; best of the runs, which are
interleaved so that all see the same machine. Ours includes cover, demand and the check of both; the
peers give the value only. Peak memory is that of the whole process, and for the peers also what
they added to the loaded pairs. Fails unless all values agree and the certificate verifies.
"""
import argparse
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PACKAGES = ["ortools==9.15.6755", "scipy==1.17.1", "numpy==2.4.6", "PyMaxflow==1.3.2"]
HERE = Path(__file__).resolve()
ROOT = HERE.parents[2]


def peer(name, path, user_price, device_price):
    """Runs in a process of its own, with the packages; prints one JSON object."""
    import numpy as np

    with open(path, "rb") as file:
        users, devices = struct.unpack("<II", file.read(32)[8:16])
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
    print(json.dumps({"cost": value, "seconds": seconds, "peak": peak, "added": peak - loaded}))


def run(command, stdin=None):
    """Standard output and peak memory (KiB) of a command that has to succeed."""
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(command, stdin=stdin, stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
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


def lemon_input(path, prices, scratch):
    """What lemon.cpp reads, as a file."""
    with open(path, "rb") as file, open(scratch / "lemon-input", "wb") as out:
        _, _, users, devices, count, _ = struct.unpack("<4sIIIQQ", file.read(32))
        out.write(struct.pack("<5I", users, devices, *map(int, prices), count))
        shutil.copyfileobj(file, out)
    return scratch / "lemon-input"


def measure(asked, path, scratch):
    python = environment(asked.venv)
    prices = [str(asked.user_price), str(asked.device_price)]
    certificate = scratch / "certificate"
    peers = ["ortools", "scipy", "pymaxflow"] + ["matching"] * (asked.user_price == asked.device_price)
    results = {name: [] for name in ["caliper", *peers]}
    if asked.lemon:
        results["lemon"] = []
        lemon = scratch / "lemon"
        run(["c++", "-O2", "-o", lemon, HERE.with_name("lemon.cpp"), "-llemon"])
        words = lemon_input(path, prices, scratch)
    for _ in range(asked.runs):
        command = [asked.caliper, "optimise", path, "--user-price", prices[0], "--device-price", prices[1], "--json"]
        out, peak = run(command)
        ours = json.loads(out)
        assert ours["proven"], "caliper found no proof"
        seconds = ours["seconds"]["build"] + ours["seconds"]["solve"]
        results["caliper"].append({"cost": ours["cost"], "seconds": seconds, "peak": peak})
        for name in peers:
            results[name].append(json.loads(run([python, HERE, "--peer", name, path, *prices])[0]))
        if asked.lemon:
            with open(words, "rb") as file:
                results["lemon"].append(json.loads(run([lemon], file)[0]))
    run([*command, "--certificate", certificate])
    verdict, _ = run([asked.caliper, "verify-certificate", path, certificate])

    print(f"{path}: {ours['graph']['pairs']} pairs, prices {' and '.join(prices)}, best of {asked.runs}")
    best = {name: min(runs, key=lambda one: one["seconds"]) for name, runs in results.items()}
    for name, one in best.items():
        ratio = one["seconds"] / best["caliper"]["seconds"]
        added = f" (+{one['added'] / 1024:.0f})" if "added" in one else ""
        print(f"{name:10} {one['seconds']:8.4f} s  x {ratio:5.1f}  {one['peak'] / 1024:6.0f} MB{added}  cost {one['cost']}")
    print(verdict.decode().strip())
    if len({one["cost"] for runs in results.values() for one in runs}) != 1:
        sys.exit("the solvers disagree")


def main():
    if sys.argv[1:2] == ["--peer"]:
        return peer(*sys.argv[2:4], *map(int, sys.argv[4:6]))
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("file", nargs="?", help="binary pairs; generated when left out")
    arguments.add_argument("--pairs", type=int, default=1_000_000, help="pairs to generate")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--user-price", type=int, default=5)
    arguments.add_argument("--device-price", type=int, default=4)
    arguments.add_argument("--by-user", action="store_true", help="generate the pairs sorted by user, not shuffled")
    arguments.add_argument("--lemon", action="store_true", help="measure LEMON, too")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--caliper", type=Path, default=ROOT / "target" / "release" / "caliper")
    arguments.add_argument("--venv", type=Path, default=ROOT / "target" / "bench-venv", help="where the peers are installed")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        path = asked.file
        if not path:
            path = Path(scratch) / "organisation.bin"
            run([sys.executable, HERE.with_name("graph.py"), "--pairs", str(asked.pairs), "--seed", str(asked.seed), "--out", path] + ["--by-user"] * asked.by_user)
        measure(asked, path, Path(scratch))


if __name__ == "__main__":
    main()
