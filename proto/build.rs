//! Compiles `caliper/v1/caliper.proto` without a system `protoc`.
use std::{env, fs, path::PathBuf};

use prost::Message as _;

#[allow(clippy::disallowed_methods)] // a build script does without the crate that names paths
fn main() {
    println!("cargo:rerun-if-changed=caliper");
    let set = protox::compile(["caliper/v1/caliper.proto"], ["."]).expect("the proto file compiles");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    #[allow(clippy::disallowed_methods)] // one file of cargo's own, not worth a dependency of the build
    fs::write(out.join("caliper.v1.bin"), set.encode_to_vec()).expect("OUT_DIR is writable");
    tonic_prost_build::configure().compile_fds(set).expect("the services generate");
}
