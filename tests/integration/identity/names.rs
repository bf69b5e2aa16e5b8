//! User names and passwords, however a keyboard writes them.

use serde_json::json;
use support::{Backend, Database, Phr, migrate, on_both_databases, phr};

use super::{PASSWORD, answer, by_password, create, faults, member, one_time_token, role, sign_in};

on_both_databases! {
    a_user_name_is_one_in_all_its_spellings,
    what_is_no_user_name_is_refused,
    a_password_is_one_in_all_its_spellings,
    passwords_from_before_are_known_as_they_were_typed,
}

/// The same letters composed, and taken apart.
const COMPOSED: &str = "j\u{fc}rgen@clinic.example";
const APART: &str = "ju\u{308}rgen@clinic.example";
/// The same password: the letters taken apart and the spaces of another kind, and as it is kept.
const TYPED: &str = "cafe\u{301}\u{a0}au\u{3000}lait";
const KEPT: &str = "caf\u{e9} au lait";
/// A hash of what is typed, letter by letter.
const OLD: &str = "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$k5bhRJA2Qet5oEFk/JsE/ZJwgbCMZbz70vE4Cnt1mc4";

fn none() -> Vec<String> {
    Vec::new()
}

fn a_user_name_is_one_in_all_its_spellings(phr: &Phr) {
    member(phr, &APART.to_uppercase(), "staff", &json!({}));
    assert_eq!(phr.database.sql().column("SELECT username FROM users"), [COMPOSED]);
    for name in [COMPOSED, APART, &COMPOSED.to_uppercase(), &APART.to_uppercase(), &format!(" {APART}\n")] {
        sign_in(phr, name);
    }
    sign_in(phr, "j\u{fc}rgen\u{ff20}\u{ff23}linic.example");
    let again = json!({"kind": "CMS", "username": APART, "roleId": role("staff")});
    assert_eq!(faults(&answer(phr, phr.token(), "createUser", "user { uuid }", &again)), ["NOT_UNIQUE input.username"]);
    member(phr, "Ada  Lovelace", "staff", &json!({}));
    sign_in(phr, "ADA LOVELACE");
}

fn what_is_no_user_name_is_refused(phr: &Phr) {
    for (name, fault) in [
        ("", "REQUIRED"),
        (" ", "REQUIRED"),
        ("a\u{0}da", "INVALID_FORMAT"),
        ("a\u{200b}da", "INVALID_FORMAT"),
        ("a\u{202e}da", "INVALID_FORMAT"),
        ("ada\u{2665}", "INVALID_FORMAT"),
        ("\u{5d0}a", "INVALID_FORMAT"),
        (&"a".repeat(255), "TOO_LONG"),
    ] {
        let input = json!({"kind": "CMS", "username": name, "roleId": role("staff")});
        let refused = answer(phr, phr.token(), "createUser", "user { uuid }", &input);
        assert_eq!(faults(&refused), [format!("{fault} input.username")], "{name:?}");
    }
    assert_eq!(phr.database.sql().value("SELECT count(*) FROM users"), "0");
}

fn a_password_is_one_in_all_its_spellings(phr: &Phr) {
    let uuid = create(phr, "ada", "staff", &json!({}));
    let token = one_time_token(phr, &uuid);
    let with_token = |new: &str| {
        let input = json!({"username": "ada", "oneTimeToken": token, "newPassword": new});
        faults(&super::login(phr, &input))
    };
    assert_eq!(with_token("a bell\u{7} rings here"), ["INVALID_FORMAT input.newPassword"]);
    assert_eq!(with_token(&"e\u{301}".repeat(11)), ["TOO_SHORT input.newPassword"], "11 characters, composed");
    assert_eq!(with_token(TYPED), none());
    for password in [TYPED, KEPT] {
        assert_eq!(faults(&by_password(phr, "ada", password)), none(), "{password}");
    }
    for wrong in ["CAF\u{c9} AU LAIT", "cafe au lait", "caf\u{e9}au lait", "\u{ff43}af\u{e9} au lait"] {
        assert_eq!(faults(&by_password(phr, "ada", wrong)), ["INVALID_CREDENTIALS"], "{wrong}");
        sign_in_with(phr, KEPT);
    }
    // What phones write is a password, although no profile knows it.
    let new = "\u{2764}\u{fe0f} \u{1f469}\u{200d}\u{2695}\u{fe0f} and \u{1fae0}";
    let session = super::Session::of(&by_password(phr, "ada", KEPT)["data"]["login"]);
    let change = json!({"password": TYPED, "newPassword": new});
    assert_eq!(faults(&answer(phr, &session.access, "changePassword", "changed", &change)), none());
    sign_in_with(phr, new);
}

fn sign_in_with(phr: &Phr, password: &str) {
    assert_eq!(faults(&by_password(phr, "ada", password)), none(), "{password}");
}

fn passwords_from_before_are_known_as_they_were_typed(phr: &Phr) {
    let uuid = create(phr, "ada", "staff", &json!({}));
    let key = phr.database.key(&uuid);
    let mut sql = phr.database.sql();
    sql.run(&format!("INSERT INTO user_secrets (user_id) VALUES ({key})"));
    let kept = format!("SELECT password_hash FROM user_secrets WHERE user_id = {key}");
    // By Argon2id with cheap parameters, as an earlier version kept it, and by bcrypt, as another program did.
    for old in [OLD.to_owned(), bcrypt::hash(TYPED, 4).unwrap()] {
        sql.run(&format!("UPDATE user_secrets SET password_hash = '{old}' WHERE user_id = {key}"));
        assert_eq!(faults(&by_password(phr, "ada", KEPT)), ["INVALID_CREDENTIALS"], "nobody has typed it so");
        assert_eq!(faults(&by_password(phr, "ada", "wrong")), ["INVALID_CREDENTIALS"]);
        assert_eq!(sql.value(&kept), old);
        sign_in_with(phr, TYPED);
        let better = sql.value(&kept);
        assert!(better != old && better.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{better}");
        sign_in_with(phr, KEPT);
        sign_in_with(phr, TYPED);
        assert_eq!(sql.value(&kept), better);
    }
}

#[test]
fn names_from_before_are_brought_into_form_by_a_migration() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = std::sync::Arc::new(Database::new(backend));
        let mut sql = database.sql();
        let user = |name: &str| {
            format!(
                "INSERT INTO users (kind, username, role_id) SELECT 'CMS', '{name}', uuid FROM roles
                 WHERE name = 'staff'"
            )
        };
        sql.run(&user(APART));
        sql.run(&user("ada\u{2665}"));
        let names = "SELECT username FROM users ORDER BY username";
        sql.run(&user(COMPOSED));
        let refused = migrate(&database, &["up"]);
        let both = refused.stderr.contains(COMPOSED) && refused.stderr.contains(APART);
        assert!(!refused.succeeded() && both && !refused.stderr.contains('\u{2665}'), "{refused:?}");
        assert_eq!(sql.value("SELECT count(*) FROM users"), "3");
        assert!(sql.column(names).contains(&APART.to_owned()), "nothing was changed");
        sql.run(&format!("UPDATE users SET username = 'j.r@clinic.example' WHERE username = '{COMPOSED}'"));
        let migrated = migrate(&database, &["up"]);
        assert!(migrated.succeeded(), "{migrated:?}");
        let mut found = sql.column(names);
        found.sort();
        assert_eq!(found, ["ada\u{2665}", "j.r@clinic.example", COMPOSED]);
        // A name that would be refused today lets its user in all the same.
        let phr = Phr::serve(std::sync::Arc::clone(&database), &[], &[]);
        let uuid = sql.value(&match backend {
            Backend::Postgres => "SELECT uuid FROM users WHERE username LIKE 'ada%'".to_owned(),
            Backend::Sqlite => "SELECT lower(hex(uuid)) FROM users WHERE username LIKE 'ada%'".to_owned(),
        });
        let token = one_time_token(&phr, &uuid::Uuid::parse_str(&uuid).unwrap().to_string());
        assert_eq!(faults(&super::by_token(&phr, "ADA\u{2665}", &token)), none());
        assert_eq!(faults(&by_password(&phr, "ada\u{2665}", PASSWORD)), none());
    }
}

#[test]
fn a_server_that_migrates_its_own_file_lists_names_that_are_one() {
    let database = Database::new(Backend::Sqlite);
    let user = |name: &str| {
        let role = "SELECT 'CMS', NAME, uuid FROM roles WHERE name = 'staff'".replace("NAME", &format!("'{name}'"));
        database.sql().run(&format!("INSERT INTO users (kind, username, role_id) {role}"));
    };
    user(APART);
    user(COMPOSED);
    let refused = phr(database.folder(), &["token"], &[("DATABASE_URL", &database.url())]);
    assert!(!refused.succeeded() && refused.stderr.contains(APART) && refused.stderr.contains(COMPOSED), "{refused:?}");
}
