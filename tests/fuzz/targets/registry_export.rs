//! Exports of the registry, and every answer they give.

#![no_main]

use caliper_evidence::registry;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = registry::looks_like_export(bytes);
    let export = registry::read(bytes);
    walk(&export, "SOFTWARE", 0);
    walk(&export, "SYSTEM", 0);
    let mut twice = export.clone();
    twice.extend(export.clone());
    assert_eq!(twice, export);
});

fn walk(export: &registry::Export, key: &str, depth: usize) {
    for name in export.names(key) {
        let _ = (export.text(key, &name), export.number(key, &name), export.list(key, &name));
    }
    for below in export.keys(key) {
        if depth < 64 {
            walk(export, &format!("{key}\\{below}"), depth + 1);
        }
    }
}
