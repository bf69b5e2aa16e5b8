//! Institutions and specialties choose from catalogues.

use serde_json::{Value, json};
use support::{Phr, on_both_databases};

use super::entry;
use crate::patients::{NOBODY, done, fault, faults};

on_both_databases! {
    what_is_chosen_exists_and_is_active,
    an_institution_is_in_the_country_of_its_region,
}

fn what_is_chosen_exists_and_is_active(phr: &Phr) {
    for (mutation, field, catalogue, code, noun) in [
        ("createMedicalInstitution", "institutionTypeId", "institutionTypes", "HOSP", "InstitutionType"),
        ("createMedicalInstitution", "countryId", "countries", "FR", "Country"),
        ("createDoctorSpecialty", "categoryId", "specialtyCategories", "2212", "SpecialtyCategory"),
    ] {
        let missing = json!({"name": "N", field: NOBODY});
        assert_eq!(faults(phr, mutation, &missing), [fault("REFERENCE_MISSING", &format!("input.{field}"))]);
        let chosen = entry(phr, catalogue, code);
        let record = done(phr, mutation, "uuid", &json!({"name": "First", field: chosen}))["uuid"].take();
        done(phr, &format!("update{noun}"), "uuid", &json!({"uuid": chosen, "isActive": false}));
        let inactive = [fault("INVALID_STATE", &format!("input.{field}"))];
        assert_eq!(faults(phr, mutation, &json!({"name": "Second", field: chosen})), inactive);
        // Who has chosen it before keeps it.
        let update = mutation.replace("create", "update");
        done(phr, &update, "uuid", &json!({"uuid": record, "name": "Renamed"}));
    }
    let missing = json!({"code": "XX-1", "name": "N", "countryId": NOBODY});
    assert_eq!(faults(phr, "createRegion", &missing), [fault("REFERENCE_MISSING", "input.countryId")]);
}

fn an_institution_is_in_the_country_of_its_region(phr: &Phr) {
    let (us, de) = (entry(phr, "countries", "US"), entry(phr, "countries", "DE"));
    let (texas, bavaria) = (entry(phr, "regions", "US-TX"), entry(phr, "regions", "DE-BY"));
    let create =
        |more: Value| faults(phr, "createMedicalInstitution", &crate::patients::with(json!({"name": "N"}), &more));
    assert_eq!(create(json!({"regionId": texas})), [fault("REQUIRED", "input.countryId")]);
    let elsewhere = [fault("INVALID_STATE", "input.regionId")];
    assert_eq!(create(json!({"regionId": texas, "countryId": de})), elsewhere);
    let input = json!({"name": "N", "countryId": us, "regionId": texas});
    let uuid = done(phr, "createMedicalInstitution", "uuid", &input)["uuid"].take();
    let update = |more: Value| crate::patients::with(json!({"uuid": uuid}), &more);
    let kept = |more: Value| faults(phr, "updateMedicalInstitution", &update(more));
    assert_eq!(kept(json!({"countryId": de})), elsewhere);
    assert_eq!(kept(json!({"regionId": bavaria})), elsewhere);
    assert_eq!(kept(json!({"countryId": null})), [fault("REQUIRED", "input.countryId")]);
    done(phr, "updateMedicalInstitution", "uuid", &update(json!({"countryId": de, "regionId": bavaria})));
    done(phr, "updateMedicalInstitution", "uuid", &update(json!({"countryId": us, "regionId": null})));
    let key = |value: &Value| phr.database.key(value.as_str().unwrap());
    let mut sql = phr.database.sql_as_server();
    for set in [format!("region_id = {}", key(&bavaria)), format!("country_id = NULL, region_id = {}", key(&texas))] {
        let update = format!("UPDATE medical_institutions SET {set} WHERE uuid = {}", key(&uuid));
        sql.attempt(&update).expect_err(&update);
    }
    sql.run(&format!("UPDATE medical_institutions SET region_id = {} WHERE uuid = {}", key(&texas), key(&uuid)));
    let moved = format!("UPDATE regions SET country_id = {} WHERE uuid = {}", key(&de), key(&texas));
    sql.attempt(&moved).expect_err("institutions are there");
    let log =
        format!("SELECT changed_fields FROM change_log WHERE key = {} ORDER BY sequence DESC LIMIT 1", key(&uuid));
    assert!(phr.database.sql().value(&log).contains("region_id"), "the log names the new fields");
}
