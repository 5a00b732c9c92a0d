//! A proof passes once, and nonces.

use super::*;

#[test]
fn a_proof_passes_once() {
    let clock = ManualClock::at(NOW);
    let dpop = dpop_at(&clock).build().unwrap();
    let (first, second) = (good().sign(), good().sign());
    assert_eq!(verdict(&dpop, &first), Ok(()));
    assert_eq!(verdict(&dpop.clone(), &first), Err(ProofError::Replayed), "a clone remembers too");
    assert_eq!(verdict(&dpop, &second), Ok(()));
    for (seconds, expected) in [(60, ProofError::Replayed), (1, ProofError::Time), (1000, ProofError::Time)] {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(verdict(&dpop, &first), Err(expected));
    }
}

#[test]
fn a_proof_of_the_future_is_remembered_for_as_long_as_it_could_pass() {
    let clock = ManualClock::at(NOW);
    let dpop = dpop_at(&clock).build().unwrap();
    let early = good().claim("iat", NOW + 60).sign();
    assert_eq!(verdict(&dpop, &early), Ok(()));
    for (seconds, expected) in [(119, ProofError::Replayed), (1, ProofError::Replayed), (1, ProofError::Time)]
    {
        clock.advance(Duration::from_secs(seconds));
        assert_eq!(verdict(&dpop, &good().claim("iat", NOW + 120).sign()), Ok(()), "others make room");
        assert_eq!(verdict(&dpop, &early), Err(expected));
    }
}

#[test]
fn an_id_belongs_to_its_key() {
    let (dpop, other) = (dpop(), ProofKey::generate());
    let same = |key: &ProofKey| key.proof("GET", URL, TOKEN).claim("jti", "one").sign();
    assert_eq!(verdict(&dpop, &same(&KEY)), Ok(()));
    assert_eq!(verdict_for(&dpop, &same(&other), &other.confirmation()), Ok(()));
    assert_eq!(verdict(&dpop, &same(&KEY)), Err(ProofError::Replayed), "another proof, the same id");
    let later = good().claim("jti", "one").claim("iat", NOW + 1).sign();
    assert_eq!(verdict(&dpop, &later), Err(ProofError::Replayed), "at another time");
    let elsewhere = KEY.proof("POST", URL, TOKEN).claim("jti", "one").sign();
    let request = ProvenRequest { method: "POST", ..request() };
    let claim = Confirmation::from_claim(&KEY.confirmation());
    assert_eq!(
        dpop.check(&elsewhere, request, Some(&claim)),
        Err(ProofError::Replayed),
        "for another request"
    );
}

#[test]
fn a_proof_that_was_refused_can_still_pass() {
    let dpop = dpop();
    let proof = good().sign();
    let claim = Confirmation::from_claim(&KEY.confirmation());
    let wrong = ProvenRequest { method: "POST", ..request() };
    assert_eq!(dpop.check(&proof, wrong, Some(&claim)), Err(ProofError::Method));
    assert_eq!(verdict(&dpop, &proof), Ok(()));
}

#[test]
fn what_cannot_be_remembered_is_refused() {
    let clock = ManualClock::at(NOW);
    let dpop = dpop_at(&clock).remember(2).build().unwrap();
    let first = good().sign();
    assert_eq!(verdict(&dpop, &first), Ok(()));
    assert_eq!(verdict(&dpop, &good().claim("iat", NOW + 10).sign()), Ok(()));
    let full = ProofError::Full { retry_after: Duration::from_secs(61) };
    assert_eq!(verdict(&dpop, &good().sign()), Err(full.clone()));
    assert_eq!(verdict(&dpop, &first), Err(ProofError::Replayed));
    let refusal = Refusal::from(full);
    assert_eq!((refusal.status().as_u16(), refusal.challenge()), (503, None));
    assert_eq!(refusal.headers()[RETRY_AFTER], "61");
    clock.advance(Duration::from_secs(60));
    let now = || good().claim("iat", NOW + 60).sign();
    assert_eq!(verdict(&dpop, &now()), Err(ProofError::Full { retry_after: Duration::from_secs(1) }));
    clock.advance(Duration::from_secs(1));
    assert_eq!(verdict(&dpop, &now()), Ok(()));
}

#[test]
fn a_nonce_is_asked_for_where_nonces_are_configured() {
    let clock = ManualClock::at(NOW);
    let nonces = TimedNonces::new(&[7; 32], Duration::from_secs(100)).unwrap();
    let dpop = dpop_at(&clock).nonces(nonces).build().unwrap();
    let claim = Confirmation::from_claim(&KEY.confirmation());
    let nonce = dpop.nonce().unwrap();
    let asked = || Err(ProofError::Nonce { nonce: nonce.clone() });
    assert_eq!(verdict(&dpop, &good().sign()), asked());
    assert_eq!(verdict(&dpop, &good().claim("nonce", "").sign()), asked());
    assert_eq!(verdict(&dpop, &good().claim("nonce", "other").sign()), asked());
    let with = |nonce: &str, seconds: u64| {
        let proof = good().claim("nonce", nonce).claim("iat", NOW + seconds).sign();
        dpop.check(&proof, request(), Some(&claim)).map(|accepted| accepted.next_nonce().map(str::to_owned))
    };
    assert_eq!(with(&nonce, 0), Ok(None));
    clock.advance(Duration::from_secs(100));
    let next = dpop.nonce().unwrap();
    assert_ne!(nonce, next);
    assert_eq!(with(&nonce, 100), Ok(Some(next.clone())), "the one before, and what to use instead");
    assert_eq!(with(&next, 100), Ok(None));
    clock.advance(Duration::from_secs(100));
    assert_eq!(with(&nonce, 200), Err(ProofError::Nonce { nonce: dpop.nonce().unwrap() }));
    assert_eq!(super::dpop().nonce(), None);
}
