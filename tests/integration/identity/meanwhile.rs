//! What changes while somebody proves who they are.

use serde_json::json;
use support::{Backend, Phr, eventually};

use super::{PASSWORD, answer, by_password, create, faults, member, sign_in};

/// What becomes of an attempt that judges a password just before another one is set.
fn meanwhile<T: Send>(phr: &Phr, user: &str, hash: &str, attempt: impl FnOnce() -> T + Send) -> T {
    let mut sql = phr.database.sql();
    sql.run(&format!("BEGIN; UPDATE user_secrets SET password_hash = '{hash}' WHERE user_id = '{user}'"));
    let waiting = "SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND wait_event_type = 'Lock'";
    std::thread::scope(|scope| {
        let attempt = scope.spawn(attempt);
        let mut watch = phr.database.sql();
        eventually("the attempt waits for the user's secrets", || (watch.value(waiting) == "1").then_some(()));
        sql.run("COMMIT");
        attempt.join().unwrap()
    })
}

#[test]
fn a_password_that_was_replaced_while_it_was_judged_lets_nobody_in() {
    let phr = Phr::start(Backend::Postgres);
    let (ada, session) = member(&phr, "ada", "staff", &json!({}));
    let kept = |user: &str| {
        phr.database.sql().value(&format!("SELECT password_hash FROM user_secrets WHERE user_id = '{user}'"))
    };
    let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
    let other = hash("another good password");
    let response = meanwhile(&phr, &ada, &other, || by_password(&phr, "ada", PASSWORD));
    assert_eq!(faults(&response), ["INVALID_CREDENTIALS"]);
    assert_eq!(kept(&ada), other);
    // One that is kept better from now on is not put back.
    let ben = create(&phr, "ben", "staff", &json!({}));
    let old = hash(PASSWORD);
    phr.database.sql().run(&format!("INSERT INTO user_secrets (user_id, password_hash) VALUES ('{ben}', '{old}')"));
    let response = meanwhile(&phr, &ben, &other, || by_password(&phr, "ben", PASSWORD));
    assert_eq!(faults(&response), ["INVALID_CREDENTIALS"]);
    assert_eq!(kept(&ben), other);
    // Nor does it prove anything else.
    let own = hash(PASSWORD);
    phr.database.sql().run(&format!("UPDATE user_secrets SET password_hash = '{own}' WHERE user_id = '{ada}'"));
    let change = json!({"password": PASSWORD, "newPassword": "a third good password"});
    let changed = meanwhile(&phr, &ada, &other, || answer(&phr, &session.access, "changePassword", "changed", &change));
    assert_eq!(faults(&changed), ["INVALID_CREDENTIALS"]);
    assert_eq!(kept(&ada), other);
    phr.database.sql().run(&format!("UPDATE user_secrets SET password_hash = '{own}' WHERE user_id = '{ada}'"));
    let remove = json!({"password": PASSWORD});
    let removed =
        meanwhile(&phr, &ada, &other, || answer(&phr, &session.access, "removeSecondFactor", "removed", &remove));
    assert_eq!(faults(&removed), ["INVALID_CREDENTIALS"]);
    phr.database.sql().run(&format!("UPDATE user_secrets SET password_hash = '{own}' WHERE user_id = '{ada}'"));
    sign_in(&phr, "ada");
}
