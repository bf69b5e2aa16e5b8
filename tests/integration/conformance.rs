use serde_json::json;
use support::{Phr, on_both_databases};

on_both_databases! {
    the_server_is_healthy,
}

fn the_server_is_healthy(phr: &Phr) {
    assert_eq!(phr.ask("{ health { status } }", &json!({})), json!({"health": {"status": "UP"}}));
}
