//! The agents with an open stream, so that something can be said to them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::mpsc;

use crate::store::{Store, StoreError, agent};

/// Shared by all streams. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Connected(Arc<Mutex<HashMap<String, mpsc::Sender<String>>>>);

impl Connected {
    /// Enters the stream of an agent, in place of an older one; the receiver yields reasons to collect now.
    #[must_use]
    pub fn enter(&self, id: &str) -> mpsc::Receiver<String> {
        let (sender, receiver) = mpsc::channel(1);
        self.lock().insert(id.to_owned(), sender);
        receiver
    }

    /// Tells connected agents that were asked to collect; those without a stream are told when they have one.
    pub fn tell(&self, store: &Store) -> Result<(), StoreError> {
        self.lock().retain(|_, stream| !stream.is_closed());
        let requested = store.read(agent::collections_requested)?;
        for id in requested {
            let stream = self.lock().get(&id).cloned();
            if stream.is_some_and(|stream| stream.try_send("asked for by an administrator".into()).is_ok()) {
                store.write(|tx| agent::collection_told(tx, &id))?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, mpsc::Sender<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
