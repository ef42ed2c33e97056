//! Every record of event logs as JSON, by the crate `evtx` and nothing else: what [`caliper_evidence::event_log`] is measured
//! beside. `evtx_alone FILE...` prints how many records and bytes of JSON there are.

use std::{error::Error, sync::Arc};

use evtx::{EvtxParser, ParserSettings};

fn main() -> Result<(), Box<dyn Error>> {
    let settings = Arc::new(ParserSettings::new().num_threads(1).separate_json_attributes(true));
    let (mut records, mut bytes, mut damaged) = (0_u64, 0, 0_u64);
    for path in std::env::args_os().skip(1) {
        let mut parser = EvtxParser::from_read_seek(fs_err::File::open(std::path::PathBuf::from(path))?)?;
        for chunk in parser.chunks() {
            let mut chunk = chunk?;
            for record in chunk.parse(Arc::clone(&settings))?.iter() {
                match record.and_then(evtx::EvtxRecord::into_json) {
                    Ok(record) => (records, bytes) = (records + 1, bytes + record.data.len()),
                    Err(_) => damaged += 1,
                }
            }
        }
    }
    println!("{records} records, {bytes} bytes of JSON, {damaged} damaged");
    Ok(())
}
