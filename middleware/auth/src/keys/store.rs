//! The keys of one issuer, as old as they may be.

use std::{
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::runtime::Handle;

use super::{Fetch, FetchError, JwkSet, KeyPolicy, Source, VerifyingKey};
use crate::{Clock, clock::elapsed};

/// So long after its deadline a fetch that has not ended is given up by those who come later: a Lambda function may have been
/// frozen in the middle of it, or nobody drives it any more.
const GRACE: Duration = Duration::from_secs(5);

/// Holds the keys of one issuer and decides when to fetch them.
#[derive(Debug)]
pub(crate) struct KeyStore {
    issuer: String,
    source: Source,
    policy: KeyPolicy,
    fetcher: Option<Arc<dyn Fetch>>,
    clock: Arc<dyn Clock>,
    state: RwLock<State>,
    /// Counts the changes of the set.
    generation: AtomicU64,
    /// From when until when, in Unix seconds, the keys are so young that nothing is to be done.
    young: (AtomicU64, AtomicU64),
}

#[derive(Debug, Default)]
struct State {
    loaded: Option<Loaded>,
    attempt: Option<Attempt>,
    flight: Option<Flight>,
    flights: u64,
}

#[derive(Debug)]
struct Loaded {
    keys: JwkSet,
    /// When the fetch began: a function may have been frozen between the answer and its use.
    at: SystemTime,
}

/// The last fetch that has ended.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: SystemTime,
    /// How many fetches in a row have failed; 0 after a success.
    failures: u32,
}

/// A fetch under way, which all who need it wait for together. On a Tokio runtime it is a task of its own, so that it does not
/// die with the request that began it; elsewhere whoever waits drives it.
#[derive(Debug)]
struct Flight {
    number: u64,
    began: SystemTime,
    landing: Landing,
}

/// Ends when the keys have been swapped, or could not be.
type Landing = Shared<BoxFuture<'static, ()>>;

/// What a store can say about a key id at once: here the key, and the generation of the set that it is of.
#[derive(Debug)]
pub(crate) enum LookUp<F = (Arc<VerifyingKey>, u64)> {
    Found(F),
    Unknown,
    Unavailable {
        retry_after: Duration,
    },
    /// Nothing, before the keys have been fetched.
    Fetch,
}

impl KeyStore {
    pub(crate) fn new(
        issuer: String,
        source: Source,
        policy: KeyPolicy,
        given: Option<JwkSet>,
        fetcher: Option<Arc<dyn Fetch>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let loaded = given.map(|keys| Loaded { keys, at: clock.now() });
        let store = Self {
            issuer,
            source,
            policy,
            fetcher,
            clock,
            state: RwLock::default(),
            generation: AtomicU64::new(0),
            young: Default::default(),
        };
        if let Some(loaded) = loaded {
            store.note_age(loaded.at);
            store.write().loaded = Some(loaded);
        }
        store
    }

    /// A number that changes whenever another set takes the place of the old one, and stays when the same keys come again.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether what was looked up in that generation still holds, without looking it up again. It begins the renewal of keys
    /// that have come to half of their age. `false` means no more than that the key must be looked up again.
    pub(crate) fn still_holds(self: &Arc<Self>, generation: u64, now: SystemTime) -> bool {
        if self.generation() != generation {
            return false;
        }
        if matches!(self.source, Source::Given) {
            return true;
        }
        let (from, until) = &self.young;
        if (from.load(Ordering::Relaxed)..until.load(Ordering::Relaxed)).contains(&whole_seconds(now)) {
            return true;
        }
        let state = self.read();
        let is_due = self.is_due(&state, now);
        let is_good =
            state.loaded.as_ref().is_some_and(|loaded| loaded.age(self.policy, now) < self.policy.max_age);
        drop(state);
        if is_good && is_due && Handle::try_current().is_ok() {
            drop(self.begin_fetch_if(|state| self.is_due(state, now)));
        }
        is_good
    }

    fn note_age(&self, loaded_at: SystemTime) {
        let (from, until) = &self.young;
        from.store(whole_seconds(loaded_at), Ordering::Relaxed);
        until.store(
            whole_seconds(loaded_at).saturating_add((self.policy.max_age / 2).as_secs()),
            Ordering::Relaxed,
        );
    }

    /// Looks a key up without waiting.
    pub(crate) fn look_up(self: &Arc<Self>, id: Option<&str>) -> LookUp {
        let now = self.clock.now();
        let state = self.read();
        if self.needs_fetch(&state, id, now) {
            return LookUp::Fetch;
        }
        let is_due = self.is_due(&state, now);
        let answer = self.settle(&state, id, now);
        drop(state);
        if is_due && Handle::try_current().is_ok() {
            drop(self.begin_fetch_if(|state| self.is_due(state, now)));
        }
        answer
    }

    /// Looks a key up, and fetches the set if that is what it takes. One fetch for one look-up has to be enough.
    pub(crate) async fn find(self: &Arc<Self>, id: Option<&str>) -> LookUp {
        match self.look_up(id) {
            LookUp::Fetch => {}
            answer => return answer,
        }
        let now = self.clock.now();
        // Asked again under the lock: the fetch of somebody else may have ended since.
        if let Some(landing) = self.begin_fetch_if(|state| self.needs_fetch(state, id, now)) {
            landing.await;
        }
        self.settle(&self.read(), id, self.clock.now())
    }

    /// Whether nothing can be said about a key id before a fetch has ended.
    fn needs_fetch(&self, state: &State, id: Option<&str>, now: SystemTime) -> bool {
        if matches!(self.source, Source::Given) {
            return false;
        }
        match &state.loaded {
            None => state.may_fetch(self.policy, now),
            Some(loaded) if loaded.age(self.policy, now) >= self.policy.max_age => {
                state.may_fetch(self.policy, now)
            }
            Some(loaded) => loaded.keys.get(id).is_none() && state.may_fetch_for_unknown(self.policy, now),
        }
    }

    /// Whether the keys are good but old enough to be fetched again before somebody has to wait for it.
    fn is_due(&self, state: &State, now: SystemTime) -> bool {
        !matches!(self.source, Source::Given)
            && state.current_flight(self.policy, now).is_none()
            && state
                .loaded
                .as_ref()
                .is_some_and(|loaded| loaded.age(self.policy, now) >= self.policy.max_age / 2)
            && state.may_fetch(self.policy, now)
    }

    /// What the keys at hand say.
    fn settle(&self, state: &State, id: Option<&str>, now: SystemTime) -> LookUp {
        let Some(loaded) = &state.loaded else {
            return self.unavailable(state, now);
        };
        let is_given = matches!(self.source, Source::Given);
        let is_bearable =
            loaded.age(self.policy, now) < self.policy.max_age.saturating_add(self.policy.stale_for);
        let issuer_is_up = state.attempt.is_none_or(|attempt| attempt.failures == 0);
        match loaded.keys.get(id) {
            // The generation does not change while the lock is held.
            Some(key) if is_given || is_bearable => LookUp::Found((Arc::clone(key), self.generation())),
            None if is_given || (is_bearable && issuer_is_up) => LookUp::Unknown,
            _ => self.unavailable(state, now),
        }
    }

    /// Joins the fetch under way, or begins one if this is so.
    fn begin_fetch_if(self: &Arc<Self>, wanted: impl Fn(&State) -> bool) -> Option<Landing> {
        let now = self.clock.now();
        let mut state = self.write();
        if !wanted(&state) {
            return None;
        }
        if let Some(flight) = state.current_flight(self.policy, now) {
            return Some(flight.landing.clone());
        }
        state.flights += 1;
        let landing = self.take_off(state.flights, now);
        state.flight = Some(Flight { number: state.flights, began: now, landing: landing.clone() });
        Some(landing)
    }

    /// Begins a fetch, which ends by the deadline if there is a Tokio runtime.
    fn take_off(self: &Arc<Self>, number: u64, began: SystemTime) -> Landing {
        let (source, fetcher) = (self.source.clone(), self.fetcher.clone());
        let load = async move {
            match fetcher {
                Some(fetcher) => source.load(fetcher.as_ref()).await,
                None => Err(FetchError::Invalid("there is no fetcher".to_owned())),
            }
        };
        let store = Arc::downgrade(self);
        let land = move |outcome| {
            if let Some(store) = Weak::upgrade(&store) {
                store.land(number, began, outcome);
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
            // A fetcher has panicked, or the runtime is gone and this is awaited on another.
            if task.await.is_err() {
                break_off(Err(FetchError::Unreachable("the fetch was broken off".to_owned())));
            }
        }
        .boxed()
        .shared()
    }

    fn land(&self, number: u64, began: SystemTime, outcome: Result<JwkSet, FetchError>) {
        let now = self.clock.now();
        let mut state = self.write();
        let is_current = state.flight.as_ref().is_some_and(|flight| flight.number == number);
        // A fetch that was given up may still bring keys, to those who wait for it; that it failed means nothing any more.
        if !is_current && (state.flight.is_none() || outcome.is_err()) {
            return;
        }
        if is_current {
            state.flight = None;
        }
        match outcome {
            Ok(keys) => {
                tracing::debug!(issuer = self.issuer, keys = keys.len(), "key set fetched");
                state.attempt = Some(Attempt { at: now, failures: 0 });
                let older = state.loaded.as_ref();
                let (keys, same) = older.map_or((keys.clone(), false), |older| keys.keep_from(&older.keys));
                state.loaded = Some(Loaded { keys, at: began });
                self.note_age(began);
                if !same {
                    self.generation.fetch_add(1, Ordering::AcqRel);
                }
            }
            Err(error) => {
                let failures = state.attempt.map_or(0, |attempt| attempt.failures).saturating_add(1);
                state.attempt = Some(Attempt { at: now, failures });
                tracing::warn!(issuer = self.issuer, %error, failures, "key set could not be fetched");
            }
        }
    }

    fn unavailable(&self, state: &State, now: SystemTime) -> LookUp {
        let retry_after = state.attempt.map_or(Duration::ZERO, |attempt| {
            self.policy.pause(attempt.failures).saturating_sub(elapsed(attempt.at, now))
        });
        LookUp::Unavailable { retry_after }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn whole_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Loaded {
    /// After the clock was set back nobody knows how old the keys are, so that they count as due to be fetched again.
    fn age(&self, policy: KeyPolicy, now: SystemTime) -> Duration {
        now.duration_since(self.at).unwrap_or(policy.max_age)
    }
}

impl State {
    /// The fetch under way, unless it has been given up.
    fn current_flight(&self, policy: KeyPolicy, now: SystemTime) -> Option<&Flight> {
        let patience = policy.deadline.saturating_add(GRACE);
        self.flight
            .as_ref()
            .filter(|flight| now.duration_since(flight.began).is_ok_and(|duration| duration < patience))
    }

    /// Whether a fetch is under way, or would be in order now.
    fn may_fetch(&self, policy: KeyPolicy, now: SystemTime) -> bool {
        let pause = |failures| if failures == 0 { Duration::ZERO } else { policy.pause(failures) };
        self.may_fetch_after(policy, now, pause)
    }

    /// The same for a key id that is not in the set, which anybody can make up.
    fn may_fetch_for_unknown(&self, policy: KeyPolicy, now: SystemTime) -> bool {
        let pause = |failures| policy.pause(failures).max(policy.unknown_key_cooldown);
        self.may_fetch_after(policy, now, pause)
    }

    fn may_fetch_after(&self, policy: KeyPolicy, now: SystemTime, pause: impl Fn(u32) -> Duration) -> bool {
        self.current_flight(policy, now).is_some()
            || self.attempt.is_none_or(|attempt| {
                let set_back = now < attempt.at;
                set_back || elapsed(attempt.at, now) >= pause(attempt.failures)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        keys::Fetching,
        testkit::{ManualClock, TestIssuer},
    };

    /// Always answers with the document at hand.
    #[derive(Clone, Debug)]
    struct Shelf(Arc<Mutex<String>>);

    impl Fetch for Shelf {
        fn fetch(&self, _url: &str) -> Fetching {
            let document = self.0.lock().unwrap().clone();
            Box::pin(async move { Ok(document.into()) })
        }
    }

    fn store(source: Source, shelf: &Shelf, given: Option<JwkSet>, clock: &ManualClock) -> Arc<KeyStore> {
        let (fetcher, clock) = (Arc::new(shelf.clone()), Arc::new(clock.clone()));
        Arc::new(KeyStore::new("a".to_owned(), source, KeyPolicy::default(), given, Some(fetcher), clock))
    }

    #[tokio::test]
    async fn what_was_looked_up_holds_until_the_set_changes_or_is_too_old() {
        let issuer = TestIssuer::cognito();
        let (clock, id) = (issuer.clock(), issuer.key_id(crate::Algorithm::Rs256));
        let shelf = Shelf(Arc::new(Mutex::new(issuer.jwk_set_json().to_string())));
        let store = store(Source::KeySet { url: "https://a.example".to_owned() }, &shelf, None, &clock);
        let before = store.generation();
        let LookUp::Found((key, _)) = store.find(Some(&id)).await else { panic!("the key is there") };
        assert!(!store.still_holds(before, clock.now()), "the first keys are a change");
        let generation = store.generation();
        assert!(store.still_holds(generation, clock.now()));

        // The same keys come again: what was looked up holds, and is the same.
        let half = KeyPolicy::default().max_age / 2;
        clock.advance(half);
        assert!(store.still_holds(generation, clock.now()), "it begins the renewal");
        tokio::task::yield_now().await;
        while store.read().flight.is_some() {
            tokio::task::yield_now().await;
        }
        clock.advance(half);
        assert!(store.still_holds(generation, clock.now()), "the age counts from the renewal");
        assert!(matches!(store.look_up(Some(&id)), LookUp::Found((same, _)) if Arc::ptr_eq(&same, &key)));

        // The key is withdrawn.
        *shelf.0.lock().unwrap() = issuer.with_new_keys().jwk_set_json().to_string();
        clock.advance(half);
        assert!(!store.still_holds(generation, clock.now()), "too old to be used without a fetch");
        assert!(matches!(store.find(Some(&id)).await, LookUp::Unknown));
        assert!(!store.still_holds(generation, clock.now()));

        let generation = store.generation();
        assert!(store.still_holds(generation, clock.now()));
        clock.set(TestIssuer::NOW - 1);
        assert!(!store.still_holds(generation, clock.now()), "the clock was set back");
    }

    #[tokio::test]
    async fn given_keys_hold_for_ever() {
        let issuer = TestIssuer::cognito();
        let shelf = Shelf(Arc::default());
        let store = store(Source::Given, &shelf, Some(issuer.jwk_set()), &issuer.clock());
        let generation = store.generation();
        issuer.clock().advance(Duration::from_secs(1_000_000_000));
        assert!(store.still_holds(generation, issuer.clock().now()));
    }
}
