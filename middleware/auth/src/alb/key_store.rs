//! The keys of a region's load balancers, each fetched by its id.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::runtime::Handle;

use super::pem;
use crate::{
    Clock, Fetch, FetchError, KeyPolicy,
    clock::elapsed,
    keys::{LookUp, VerifyingKey},
};

/// How many keys are kept. A region signs with a few at a time; only ids that AWS knows get in.
const MAX_KEYS: usize = 32;

/// How many fetches unknown ids may cause in [`WINDOW`] times the cool-down. Anybody can make ids up.
const BURST: usize = 6;

/// See [`BURST`]: on average one fetch in a cool-down.
const WINDOW: u32 = 6;

/// So long after its deadline a fetch that has not ended is given up: a Lambda function may have been frozen in the middle of it.
const GRACE: Duration = Duration::from_secs(5);

/// Fetches keys by their id.
pub(crate) struct KeyStore {
    /// Where the keys are; an id goes behind it.
    base: String,
    policy: KeyPolicy,
    fetcher: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Vec<Known>,
    /// Ids that the last fetches have shown to be no keys.
    absent: Vec<(Box<str>, SystemTime)>,
    /// When the last fetches for unknown ids began, the oldest first.
    fetches: Vec<SystemTime>,
    flights: Vec<Flight>,
    flown: u64,
    /// When the last fetch failed, and how many have in a row.
    failure: Option<(SystemTime, u32)>,
}

struct Known {
    id: Box<str>,
    key: Arc<VerifyingKey>,
    /// When its fetch began.
    at: SystemTime,
}

/// A fetch under way, which all who need its key wait for together.
struct Flight {
    number: u64,
    id: Box<str>,
    began: SystemTime,
    landing: Shared<BoxFuture<'static, ()>>,
}

/// What a fetch may be made for.
enum Plan {
    Answer(LookUp<Arc<VerifyingKey>>),
    Fetch { is_unknown: bool },
}

impl KeyStore {
    pub(super) fn new(
        base: String,
        policy: KeyPolicy,
        fetcher: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { base, policy, fetcher, clock, state: Mutex::default() }
    }

    /// Looks a key up without waiting.
    pub(super) fn look_up(&self, id: &str) -> LookUp<Arc<VerifyingKey>> {
        match self.plan(&self.state(), id, self.clock.now()) {
            Plan::Answer(answer) => answer,
            Plan::Fetch { .. } => LookUp::Fetch,
        }
    }

    /// Looks a key up, and fetches it if that is what it takes.
    pub(super) async fn find(self: &Arc<Self>, id: &str) -> LookUp<Arc<VerifyingKey>> {
        let landing = match self.join_or_begin(id) {
            Ok(landing) => landing,
            Err(answer) => return answer,
        };
        landing.await;
        self.settle(&self.state(), id, self.clock.now())
    }

    fn plan(&self, state: &State, id: &str, now: SystemTime) -> Plan {
        // INVARIANT: nothing else of a token ever gets into a URL.
        if !is_key_id(id) {
            return Plan::Answer(LookUp::Unknown);
        }
        let known = state.known.iter().find(|known| &*known.id == id);
        if let Some(known) = known
            && self.age(known, now) < self.policy.max_age
        {
            return Plan::Answer(LookUp::Found(Arc::clone(&known.key)));
        }
        if state.flight_of(id, self.policy, now).is_some() {
            return Plan::Fetch { is_unknown: false };
        }
        if state.is_absent(id, self.policy, now) {
            return Plan::Answer(LookUp::Unknown);
        }
        if let Some(rest) = state.pause(self.policy, now) {
            return Plan::Answer(self.without(known, rest, now));
        }
        // Whoever has made an id known did not make it up.
        if known.is_some() {
            return Plan::Fetch { is_unknown: false };
        }
        match state.rest_of_window(self.policy, now) {
            Some(rest) => Plan::Answer(LookUp::Unavailable { retry_after: rest }),
            None => Plan::Fetch { is_unknown: true },
        }
    }

    /// What can be said once a fetch has ended.
    fn settle(&self, state: &State, id: &str, now: SystemTime) -> LookUp<Arc<VerifyingKey>> {
        let known = state.known.iter().find(|known| &*known.id == id);
        match known {
            Some(known) if self.age(known, now) < self.policy.max_age => {
                LookUp::Found(Arc::clone(&known.key))
            }
            _ if state.is_absent(id, self.policy, now) => LookUp::Unknown,
            known => self.without(known, state.pause(self.policy, now).unwrap_or_default(), now),
        }
    }

    /// What can be said when no key can be fetched: an old one serves for a while.
    fn without(
        &self,
        known: Option<&Known>,
        retry_after: Duration,
        now: SystemTime,
    ) -> LookUp<Arc<VerifyingKey>> {
        let bearable = self.policy.max_age.saturating_add(self.policy.stale_for);
        match known.filter(|known| self.age(known, now) < bearable) {
            Some(known) => LookUp::Found(Arc::clone(&known.key)),
            None => LookUp::Unavailable { retry_after },
        }
    }

    /// After the clock was set back nobody knows how old a key is, so that it counts as due to be fetched again.
    fn age(&self, known: &Known, now: SystemTime) -> Duration {
        now.duration_since(known.at).unwrap_or(self.policy.max_age)
    }

    fn join_or_begin(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<Shared<BoxFuture<'static, ()>>, LookUp<Arc<VerifyingKey>>> {
        let now = self.clock.now();
        let mut state = self.state();
        let is_unknown = match self.plan(&state, id, now) {
            Plan::Answer(answer) => return Err(answer),
            Plan::Fetch { is_unknown } => is_unknown,
        };
        if let Some(flight) = state.flight_of(id, self.policy, now) {
            return Ok(flight.landing.clone());
        }
        if is_unknown {
            if state.fetches.len() == BURST {
                state.fetches.remove(0);
            }
            state.fetches.push(now);
        }
        state.flown += 1;
        let (number, id): (_, Box<str>) = (state.flown, id.into());
        let landing = self.take_off(number, id.clone(), now);
        // Those that were given up are remembered by nobody; a key that they bring is still taken.
        state.flights.retain(|flight| flight.id != id && flight.is_current(self.policy, now));
        state.flights.push(Flight { number, id, began: now, landing: landing.clone() });
        Ok(landing)
    }

    fn take_off(
        self: &Arc<Self>,
        number: u64,
        id: Box<str>,
        began: SystemTime,
    ) -> Shared<BoxFuture<'static, ()>> {
        let load = self.fetcher.fetch(&format!("{}/{id}", self.base));
        let store = Arc::downgrade(self);
        let land = move |outcome| {
            if let Some(store) = Weak::upgrade(&store) {
                store.land(number, &id, began, outcome);
            }
        };
        let Ok(runtime) = Handle::try_current() else {
            return async move { land(load.await) }.boxed().shared();
        };
        let deadline = self.policy.deadline;
        let break_off = land.clone();
        let task = runtime.spawn(async move {
            let too_late = |_| Err(FetchError::Unreachable("the deadline has passed".to_owned()));
            land(tokio::time::timeout(deadline, load).await.unwrap_or_else(too_late));
        });
        async move {
            if task.await.is_err() {
                break_off(Err(FetchError::Unreachable("the fetch was broken off".to_owned())));
            }
        }
        .boxed()
        .shared()
    }

    fn land(&self, number: u64, id: &str, began: SystemTime, outcome: Result<Bytes, FetchError>) {
        let now = self.clock.now();
        let key = outcome.and_then(|document| {
            pem::read(&document).ok_or_else(|| FetchError::Invalid("not an ES256 key in PEM".to_owned()))
        });
        let mut state = self.state();
        let is_current = state.flights.iter().any(|flight| flight.number == number);
        // That a fetch failed which was given up means nothing any more.
        if !is_current && key.is_err() {
            return;
        }
        state.flights.retain(|flight| flight.number != number);
        match key {
            Ok(key) => {
                tracing::debug!("key of a load balancer fetched");
                state.failure = None;
                state.known.retain(|known| &*known.id != id);
                if state.known.len() == MAX_KEYS {
                    state.known.remove(0);
                }
                state.known.push(Known { id: id.into(), key: Arc::new(key), at: began });
            }
            // Where keys are kept, what is not there is called forbidden as well as not found.
            Err(FetchError::Status(403 | 404 | 410)) => {
                state.failure = None;
                state.known.retain(|known| &*known.id != id);
                state.absent.retain(|(absent, _)| &**absent != id);
                if state.absent.len() == MAX_KEYS {
                    state.absent.remove(0);
                }
                state.absent.push((id.into(), now));
            }
            Err(error) => {
                let failures = state.failure.map_or(0, |(_, failures)| failures).saturating_add(1);
                state.failure = Some((now, failures));
                tracing::warn!(%error, failures, "key of a load balancer could not be fetched");
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn is_current(&self, policy: KeyPolicy, now: SystemTime) -> bool {
        let patience = policy.deadline.saturating_add(GRACE);
        now.duration_since(self.began).is_ok_and(|since| since < patience)
    }
}

impl State {
    /// The fetch for this key under way, unless it has been given up.
    fn flight_of(&self, id: &str, policy: KeyPolicy, now: SystemTime) -> Option<&Flight> {
        self.flights.iter().find(|flight| &*flight.id == id && flight.is_current(policy, now))
    }

    fn is_absent(&self, id: &str, policy: KeyPolicy, now: SystemTime) -> bool {
        self.absent.iter().any(|(absent, at)| {
            &**absent == id && now.duration_since(*at).is_ok_and(|since| since < policy.unknown_key_cooldown)
        })
    }

    /// How long to wait after fetches that have failed.
    fn pause(&self, policy: KeyPolicy, now: SystemTime) -> Option<Duration> {
        let (at, failures) = self.failure?;
        let rest = policy.pause(failures).saturating_sub(elapsed(at, now));
        (!rest.is_zero() && now >= at).then_some(rest)
    }

    /// How long to wait before another unknown id may cause a fetch.
    fn rest_of_window(&self, policy: KeyPolicy, now: SystemTime) -> Option<Duration> {
        let oldest = self.fetches.first().filter(|_| self.fetches.len() == BURST)?;
        let window = policy.unknown_key_cooldown.saturating_mul(WINDOW);
        let rest = window.saturating_sub(elapsed(*oldest, now));
        (!rest.is_zero() && now >= *oldest).then_some(rest)
    }
}

/// Whether this is a UUID as AWS writes it, in lower case.
pub(super) fn is_key_id(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyStore").field("base", &self.base).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_is_a_key_id() {
        for (id, good) in [
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a17", true),
            ("00000000-0000-0000-0000-000000000000", true),
            ("5DB0EE8F-5A33-4DCB-B9D3-7D2E0DCB9A17", false),
            ("5db0ee8f5a334dcbb9d37d2e0dcb9a17", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a1", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a177", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a1g", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a1/", false),
            ("5db0ee8f/5a33-4dcb-b9d3-7d2e0dcb9a17", false),
            ("../../other/5a33-4dcb-b9d3-7d2e0dcb9", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcb9a1?", false),
            ("5db0ee8f-5a33-4dcb-b9d3-7d2e0dcbé", false),
            ("-----------------------------------", false),
            ("", false),
        ] {
            assert_eq!(is_key_id(id), good, "{id}");
        }
    }
}
