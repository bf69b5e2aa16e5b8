//! Refreshing a session: once, twice at the same time, and once too often.

use std::thread;

use chrono::TimeDelta;
use phr::clock::{Clock, SystemClock};
use serde_json::json;
use sha2::Digest as _;
use support::{Backend, Phr, Server, on_both_databases};

use super::{Session, another, answer, dies, faults, is_good, member, sign_in};

on_both_databases! {
    a_refresh_token_has_one_successor_and_its_return_ends_the_session,
    two_tabs_that_refresh_at_once_go_on_together,
    a_lost_answer_is_had_again_within_the_grace,
    a_thief_within_the_grace_is_found_out_by_either_s_next_step,
    what_a_refresh_token_was_good_for_is_told_to_who_has_it,
}

fn refreshed(server: &Server, session: &Session) -> Session {
    let response = session.refresh(server);
    assert_eq!(faults(&response), Vec::<String>::new(), "{response}");
    Session::of(&response["data"]["refreshSession"])
}

/// Lets it be so many seconds longer that the tokens were used which were used.
fn age(phr: &Phr, seconds: i64) {
    let used = (SystemClock.now() - TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%S%.6f+00:00");
    phr.database.sql().run(&format!("UPDATE refresh_tokens SET used_at = '{used}' WHERE used_at IS NOT NULL"));
}

/// How many tokens of all sessions could be used now.
fn live_tokens(phr: &Phr) -> String {
    phr.database.sql().value("SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL")
}

fn has_ended(phr: &Phr, sessions: &[&Session]) {
    for session in sessions {
        assert!(!is_good(phr, &session.access));
        assert_eq!(faults(&session.refresh(phr)), ["SESSION_ENDED"]);
    }
}

fn a_refresh_token_has_one_successor_and_its_return_ends_the_session(phr: &Phr) {
    let (_, first) = member(phr, "ada", "staff", &json!({}));
    let second = refreshed(phr, &first);
    let third = refreshed(phr, &second);
    assert_ne!(second.refresh, third.refresh);
    for session in [&first, &second, &third] {
        assert!(is_good(phr, &session.access));
    }
    let other = sign_in(phr, "ada");
    assert_eq!(faults(&first.refresh(phr)), ["SESSION_ENDED"]);
    has_ended(phr, &[&first, &second, &third]);
    assert!(is_good(phr, &other.access), "another session is another family");
    for nonsense in ["", "nonsense", &other.access, &other.refresh[1..]] {
        let input = json!({ "refreshToken": nonsense });
        assert_eq!(faults(&answer(phr, "", "refreshSession", super::SESSION, &input)), ["UNAUTHENTICATED"]);
    }
    let kept = phr.database.sql().column("SELECT count(*) FROM refresh_tokens");
    assert_eq!(kept, ["4"]);
}

fn two_tabs_that_refresh_at_once_go_on_together(phr: &Phr) {
    let other = another(phr, &[]);
    let (_, session) = member(phr, "ada", "staff", &json!({}));
    let tabs: Vec<Session> = thread::scope(|scope| {
        let (session, servers) = (&session, [phr, &other]);
        let tabs: Vec<_> = (0..6).map(|tab: usize| scope.spawn(move || refreshed(servers[tab % 2], session))).collect();
        tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
    });
    for tab in &tabs {
        assert_eq!(tab.refresh, tabs[0].refresh, "all tabs have the same next token");
        assert!(is_good(phr, &tab.access) && is_good(&other, &tab.access));
    }
    assert_eq!(live_tokens(phr), "1");
    // They go on so for as long as they like.
    let again = refreshed(&other, &tabs[0]);
    assert_eq!(refreshed(phr, &tabs[1]).refresh, again.refresh);
    assert_eq!(live_tokens(phr), "1");
}

fn a_lost_answer_is_had_again_within_the_grace(phr: &Phr) {
    let (_, session) = member(phr, "ada", "staff", &json!({}));
    let lost = refreshed(phr, &session);
    age(phr, 20);
    let again = refreshed(&another(phr, &[]), &session);
    assert_eq!((again.refresh.as_str(), live_tokens(phr).as_str()), (lost.refresh.as_str(), "1"));
    assert_ne!(again.access, lost.access);
    age(phr, 31);
    assert_eq!(faults(&session.refresh(phr)), ["SESSION_ENDED"], "later it is a thief");
    has_ended(phr, &[&session, &lost, &again]);
}

fn a_thief_within_the_grace_is_found_out_by_either_s_next_step(phr: &Phr) {
    // The thief repeats what the owner has used, and both have the same token. Whoever goes on first, the other one's
    // next step ends the session: a repetition of the first token at once ..
    let (_, stolen) = member(phr, "ada", "staff", &json!({}));
    let (owner, thief) = (refreshed(phr, &stolen), refreshed(phr, &stolen));
    assert_eq!(owner.refresh, thief.refresh);
    let next = refreshed(phr, &owner);
    assert_eq!(faults(&stolen.refresh(phr)), ["SESSION_ENDED"], "its successor was used");
    has_ended(phr, &[&stolen, &owner, &thief, &next]);
    // .. and one of the second when the grace is over.
    let stolen = sign_in(phr, "ada");
    let (owner, thief) = (refreshed(phr, &stolen), refreshed(phr, &stolen));
    let next = refreshed(phr, &thief);
    age(phr, 31);
    assert_eq!(faults(&owner.refresh(phr)), ["SESSION_ENDED"]);
    has_ended(phr, &[&stolen, &owner, &thief, &next]);
}

fn what_a_refresh_token_was_good_for_is_told_to_who_has_it(phr: &Phr) {
    let (_, over) = member(phr, "ada", "staff", &json!({}));
    phr.database.sql().run("UPDATE sessions SET expires_at = created_at");
    let ended = sign_in(phr, "ada");
    phr.response_to(&ended.access, "mutation { logout { endedSessions } }", &json!({}));
    assert_eq!(faults(&over.refresh(phr)), ["SESSION_EXPIRED"], "also after somebody else has signed in");
    assert_eq!(faults(&ended.refresh(phr)), ["SESSION_ENDED"]);
    let none = phr.response_to("", "mutation { refreshSession { userErrors { code } } }", &json!({}));
    assert_eq!(faults(&none), ["UNAUTHENTICATED"]);
}

#[test]
fn without_a_grace_every_repetition_ends_the_session() {
    let phr = Phr::with(Backend::Sqlite, &[("PHR_REFRESH_GRACE", "0")]);
    let (_, session) = member(&phr, "ada", "staff", &json!({}));
    refreshed(&phr, &session);
    assert_eq!(faults(&session.refresh(&phr)), ["SESSION_ENDED"]);
    dies(&phr, &session.access);
}

#[test]
fn what_keeps_sessions_going_is_kept_as_hashes() {
    let phr = Phr::start(Backend::Sqlite);
    let (_, first) = member(&phr, "ada", "staff", &json!({}));
    let second = refreshed(&phr, &first);
    let kept = phr.database.sql().column("SELECT hex(hash) FROM refresh_tokens").concat().to_lowercase();
    for token in [&first.refresh, &second.refresh] {
        let hash = format!("{:x}", sha2::Sha256::digest(token));
        assert!(kept.contains(&hash));
    }
    assert_eq!(kept.len(), 2 * 64);
    // Who knows a hash cannot refresh by it.
    let input = json!({ "refreshToken": &kept[..64] });
    assert_eq!(faults(&answer(&phr, "", "refreshSession", super::SESSION, &input)), ["UNAUTHENTICATED"]);
}
