//! `caliper`: the aggregator's one binary.

fn main() {}
