//! One connection of the pages: it holds a place among a limited number and gives it back when nothing moves.
//!
//! Without it a stranger could open connections, say nothing, and leave none to the agents of the same process.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep},
};

/// A stream that fails once nothing was read or written for a while.
pub struct Connection<S> {
    stream: S,
    idle: Duration,
    end: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl<S> Connection<S> {
    /// Ends when nothing moves for `idle`; `place` is free again once the connection is gone.
    pub fn new(stream: S, idle: Duration, place: OwnedSemaphorePermit) -> Self {
        Self { stream, idle, end: Box::pin(sleep(idle)), _place: place }
    }

    /// Begins to wait anew if something moved; fails if nothing did for too long.
    fn watch<T>(&mut self, cx: &mut Context<'_>, moved: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if moved.is_ready() {
            self.end.as_mut().reset(Instant::now() + self.idle);
            return moved;
        }
        self.end.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_read(cx, to);
        self.watch(cx, moved)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch(cx, moved)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch(cx, moved)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch(cx, moved)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
        sync::Semaphore,
    };

    use super::*;

    #[tokio::test]
    async fn a_silent_connection_ends_and_gives_its_place_back() {
        let places = Arc::new(Semaphore::new(1));
        for (idle, said, read) in
            [(Duration::ZERO, "", Err(io::ErrorKind::TimedOut)), (Duration::from_hours(1), "GET /", Ok(5))]
        {
            let (near, mut far) = duplex(64);
            let place = Arc::clone(&places).try_acquire_owned().unwrap();
            let mut connection = Connection::new(near, idle, place);
            far.write_all(said.as_bytes()).await.unwrap();
            let found = connection.read(&mut [0; 64]).await;
            assert_eq!(found.map_err(|error| error.kind()), read);
            assert_eq!(places.available_permits(), 0);
            drop(connection);
            assert_eq!(places.available_permits(), 1);
        }
    }
}
