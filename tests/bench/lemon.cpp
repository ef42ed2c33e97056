// LEMON as a peer of `caliper optimise`: reads users, devices, their prices and the pairs from
// standard input (32-bit words) and prints cost, CPU seconds and peak memory before and after as JSON.
#include <lemon/matching.h>
#include <lemon/preflow.h>
#include <lemon/smart_graph.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>
#include <ctime>
#include <vector>

using lemon::SmartDigraph;
using lemon::SmartGraph;

static long peak() {
    rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static long matching(uint32_t users, uint32_t devices, const std::vector<uint32_t>& words) {
    SmartGraph graph;
    graph.reserveNode(users + devices);
    graph.reserveEdge(words.size() / 2);
    for (uint32_t i = 0; i < users + devices; ++i) graph.addNode();
    for (size_t i = 0; i < words.size(); i += 2)
        graph.addEdge(graph.nodeFromId(words[i]), graph.nodeFromId(users + words[i + 1]));
    lemon::MaxMatching<SmartGraph> solver(graph);
    solver.run();
    return solver.matchingSize();
}

static long flow(uint32_t users, uint32_t devices, int user_price, int device_price, const std::vector<uint32_t>& words) {
    SmartDigraph graph;
    graph.reserveNode(users + devices + 2);
    graph.reserveArc(users + devices + words.size() / 2);
    for (uint32_t i = 0; i < users + devices + 2; ++i) graph.addNode();
    auto node = [&](uint32_t id) { return graph.nodeFromId(id); };
    auto source = node(users + devices), sink = node(users + devices + 1);
    SmartDigraph::ArcMap<int> capacity(graph);
    for (uint32_t i = 0; i < users; ++i) capacity[graph.addArc(source, node(i))] = user_price;
    for (uint32_t i = 0; i < devices; ++i) capacity[graph.addArc(node(users + i), sink)] = device_price;
    for (size_t i = 0; i < words.size(); i += 2)
        capacity[graph.addArc(node(words[i]), node(users + words[i + 1]))] = user_price + device_price;
    lemon::Preflow<SmartDigraph> solver(graph, capacity, source, sink);
    solver.runMinCut();
    return solver.flowValue();
}

int main() {
    uint32_t head[5];  // users, devices, price of each, number of pairs
    if (fread(head, 4, 5, stdin) != 5) return 1;
    std::vector<uint32_t> words(2 * size_t(head[4]));
    if (fread(words.data(), 4, words.size(), stdin) != words.size()) return 1;
    long loaded = peak();
    clock_t started = clock();
    long cost = head[2] == head[3] ? matching(head[0], head[1], words) * head[2]
                                   : flow(head[0], head[1], head[2], head[3], words);
    double seconds = double(clock() - started) / CLOCKS_PER_SEC;
    printf("{\"cost\": %ld, \"seconds\": %.6f, \"peak\": %ld, \"added\": %ld}\n", cost, seconds, peak(), peak() - loaded);
}
