//! A whole list as CSV, written while it is read, so that a hundred thousand rows need no memory.

use std::{io, sync::Arc};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Shared, error::WebError};
use crate::{
    report::csv::harmless,
    store::{
        StoreError,
        view::{self, Listing, Rows, Sort},
    },
};

/// Bytes handed on at once.
const PIECE: usize = 64 * 1024;

/// A list that can be a table of texts.
pub trait Table: Listing {
    /// Names of the columns.
    const HEADINGS: &'static [&'static str];
    /// One row in the order of the columns.
    fn record(item: Self::Item) -> Vec<String>;
}

/// The list as a file to keep. If the store fails half-way the connection breaks, so that no half is taken for a whole.
pub fn csv<T: Table>(state: &Shared, name: &str, table: T, sort: Sort) -> Result<Response, WebError> {
    let (sender, receiver) = mpsc::channel::<Result<Vec<u8>, io::Error>>(4);
    let store = Arc::clone(&state.store);
    tokio::task::spawn_blocking(move || {
        let written = store.read(|tx| {
            let mut writer = csv::Writer::from_writer(Vec::with_capacity(PIECE));
            let mut fits = writer.write_record(T::HEADINGS).is_ok();
            view::each(tx, &table, sort, &Rows::All, |item| {
                fits = fits && writer.write_record(T::record(item).iter().map(|cell| harmless(cell))).is_ok();
                if fits && writer.get_ref().len() >= PIECE {
                    fits = hand_on(&mut writer, &sender);
                }
                fits
            })?;
            if fits {
                hand_on(&mut writer, &sender);
            }
            Ok::<_, StoreError>(())
        });
        if let Err(error) = written {
            tracing::error!(error = &error as &dyn std::error::Error, "an export broke off");
            // the reader may be gone already
            drop(sender.blocking_send(Err(io::Error::other(error))));
        }
    });
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let file = HeaderValue::try_from(format!("attachment; filename=\"caliper-{name}.csv\""));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(header::CONTENT_DISPOSITION, file.map_err(|_| WebError::Internal)?);
    Ok(response)
}

/// Sends what was written; `false` if nobody reads any more.
fn hand_on(writer: &mut csv::Writer<Vec<u8>>, sender: &mpsc::Sender<Result<Vec<u8>, io::Error>>) -> bool {
    let full = std::mem::replace(writer, csv::Writer::from_writer(Vec::with_capacity(PIECE)));
    full.into_inner().is_ok_and(|bytes| sender.blocking_send(Ok(bytes)).is_ok())
}
