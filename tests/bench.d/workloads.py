"""What is measured: GraphQL requests and how to tell that their answers are right, and for each the SQL that pgbench runs.

The SQL stands in NAME.sql: the statements that phr sends for these requests, in as many round trips. Of pgbench's
parameters texts are made from numbers, which costs PostgreSQL a microsecond at most.
"""

import datetime
import json
import pathlib
import random

import registers

FOLDER = pathlib.Path(__file__).parent
# How many different requests a workload has, and how many of their answers are compared with what SQL says.
REQUESTS = 5000
CHECKED = 20
# Days of birth from here to the end of the range: pages there are always full.
LAST_PLACE = 0.995

ELEVEN_FIELDS = """uuid firstName lastName dateOfBirth email phoneNumber address emergencyContact
    allergies medicalHistory currentMedications"""
SHORT_FIELDS = "uuid firstName lastName dateOfBirth phoneNumber status"


class Workload:
    """One kind of request."""

    name = None
    document = None
    changes = False

    def __init__(self, patients, seed):
        self.patients = patients
        self.random = random.Random(f"{seed} {self.name}")

    def variables(self, api):
        """The variables of REQUESTS different requests."""
        raise NotImplementedError

    def expected(self, sql, variables):
        """What the database says that `found` must be."""
        raise NotImplementedError

    def found(self, data):
        """The part of an answer that is compared."""
        raise NotImplementedError

    def body(self, variables):
        return json.dumps({"query": self.document, "variables": variables}, separators=(",", ":"))

    def script(self):
        """The text of pgbench's script."""
        names = ",".join(registers.LAST_NAMES)
        return (FOLDER / f"{self.name}.sql").read_text().replace("{last_names}", f"'{{{names}}}'::text[]")

    def definitions(self):
        """The variables of pgbench's script."""
        return {
            "patients": self.patients, "last_names": len(registers.LAST_NAMES), "skew": registers.SKEW,
            "birth_days": registers.BIRTH_DAYS,
        }

    def check(self, api, sql, bodies):
        """Compares some answers with what the database says."""
        for body in self.random.sample(bodies, CHECKED):
            answer = api(body)
            if "errors" in answer:
                raise SystemExit(f"tests/bench: {self.name}: {answer['errors']}")
            found, expected = self.found(answer["data"]), self.expected(sql, json.loads(body)["variables"])
            if found != expected:
                raise SystemExit(f"tests/bench: {self.name}: {found} is not {expected}")


class ByUuid(Workload):
    name = "by-uuid"
    document = "query ($uuid: UUID!) { patientRegister(uuid: $uuid) { %s } }" % ELEVEN_FIELDS

    # Whom to ask for; anybody when there is none.
    keys = None

    def variables(self, api):
        if self.keys:
            return [{"uuid": self.random.choice(self.keys)} for _ in range(REQUESTS)]
        return [{"uuid": registers.key("p", self.random.randint(1, self.patients))} for _ in range(REQUESTS)]

    def expected(self, sql, variables):
        return json.loads(sql(
            f"""SELECT json_build_object('uuid', uuid, 'firstName', first_name, 'lastName', last_name,
                'dateOfBirth', date_of_birth, 'email', email, 'phoneNumber', phone_number, 'address', address,
                'emergencyContact', emergency_contact, 'allergies', allergies, 'medicalHistory', medical_history,
                'currentMedications', current_medications)
            FROM patientregister WHERE uuid = '{variables["uuid"]}'"""
        ))

    def found(self, data):
        return data["patientRegister"]


class List(Workload):
    """Pages are compared by their records' keys."""

    def found(self, data):
        return [node["uuid"] for node in data["patientRegisters"]["nodes"]]

    def page(self, sql, condition, order, limit, offset=0):
        return sql(
            f"""SELECT uuid FROM patientregister WHERE deleted_at IS NULL AND {condition}
            ORDER BY {order} LIMIT {limit} OFFSET {offset}"""
        ).split()


class Criteria(List):
    name = "criteria"
    document = """query ($lastName: String!, $since: Date!) {
        patientRegisters(
            filter: {lastName: {equal: $lastName}, dateOfBirth: {greaterThanOrEqual: $since}}
            order: [{field: DATE_OF_BIRTH, direction: DESC}]
            page: {page: 1, perPage: 10}
        ) { nodes { %s } pageInfo { hasNextPage } }
    }""" % SHORT_FIELDS
    rows = 10

    def variables(self, api):
        draw = self.random.random
        return [
            {"lastName": registers.last_name(draw()), "since": registers.birth(draw() / 2).isoformat()}
            for _ in range(REQUESTS)
        ]

    def expected(self, sql, variables):
        condition = f"last_name = '{variables['lastName']}' AND date_of_birth >= '{variables['since']}'"
        return self.page(sql, condition, "date_of_birth DESC, uuid DESC", self.rows)


class Nested(Criteria):
    name = "nested"
    document = """query ($lastName: String!, $since: Date!) {
        patientRegisters(
            filter: {lastName: {equal: $lastName}, dateOfBirth: {greaterThanOrEqual: $since}}
            order: [{field: DATE_OF_BIRTH, direction: DESC}]
            first: 20
        ) { nodes {
            uuid firstName lastName dateOfBirth
            doctor { uuid firstName lastName specialty { uuid name } }
            institution { uuid name }
            medications { nodes { dose status medication { name code } } }
        } }
    }"""
    rows = 20

    def found(self, data):
        return [
            [
                node["uuid"], node["doctor"]["specialty"]["name"], node["institution"]["name"],
                sorted(taken["medication"]["name"] for taken in node["medications"]["nodes"]),
            ]
            for node in data["patientRegisters"]["nodes"]
        ]

    def expected(self, sql, variables):
        keys = super().expected(sql, variables)
        listed = ",".join(f"'{key}'" for key in keys)
        found = json.loads(sql(
            f"""SELECT json_object_agg(p.uuid, json_build_array(p.uuid, s.name, i.name, ARRAY(
                SELECT m.name FROM patient_medications t JOIN medications m ON m.uuid = t.medication_id
                WHERE t.patient_id = p.uuid ORDER BY m.name
            ))) FROM patientregister p JOIN doctors d ON d.uuid = p.doctor_id
            JOIN doctor_specialties s ON s.uuid = d.specialty_id JOIN medical_institutions i ON i.uuid = p.institution_id
            WHERE p.uuid IN ({listed})"""
        ))
        return [found[key] for key in keys]


class Keyset(List):
    name = "keyset"
    document = """query ($after: String!) {
        patientRegisters(order: [{field: DATE_OF_BIRTH}], first: 10, after: $after) {
            nodes { %s } pageInfo { hasNextPage endCursor }
        }
    }""" % SHORT_FIELDS
    # Where in the order the pages begin.
    part = (0.4, 0.6)
    places = 500

    def variables(self, api):
        self.place_of = {}
        for _ in range(self.places):
            since = registers.birth(self.random.uniform(*self.part)).isoformat()
            answer = api(json.dumps({"query": """{
                patientRegisters(
                    filter: {dateOfBirth: {greaterThanOrEqual: "%s"}}, order: [{field: DATE_OF_BIRTH}], first: 1
                ) { nodes { uuid dateOfBirth } pageInfo { endCursor } }
            }""" % since}))
            page = answer["data"]["patientRegisters"]
            node = page["nodes"][0]
            self.place_of[page["pageInfo"]["endCursor"]] = (node["dateOfBirth"], node["uuid"])
        cursors = list(self.place_of)
        return [{"after": self.random.choice(cursors)} for _ in range(REQUESTS)]

    def expected(self, sql, variables):
        birth, uuid = self.place_of[variables["after"]]
        return self.page(sql, f"(date_of_birth, uuid) > ('{birth}', '{uuid}')", "date_of_birth, uuid", 10)

    def script(self):
        return (FOLDER / "keyset.sql").read_text()

    def definitions(self):
        low, high = (int(part * registers.BIRTH_DAYS) for part in self.part)
        return super().definitions() | {"low": low, "high": high}


class KeysetDeep(Keyset):
    name = "keyset-deep"
    part = (0.98, LAST_PLACE)


class Offset(List):
    name = "offset"
    document = "{ patientRegisters(page: {page: 50, perPage: 10}) { nodes { %s } pageInfo { hasNextPage } } }" % (
        SHORT_FIELDS
    )

    def variables(self, api):
        return [{} for _ in range(CHECKED)]

    def expected(self, sql, variables):
        return self.page(sql, "true", "created_at DESC, uuid DESC", 10, 490)


class Create(Workload):
    name = "create"
    document = """mutation ($input: CreatePatientRegisterInput!) {
        createPatientRegister(input: $input) {
            patientRegister { uuid firstName lastName status version createdAt } userErrors { code message path }
        }
    }"""
    changes = True

    def variables(self, api):
        draw = self.random.random
        made = []
        for number in range(REQUESTS):
            first, last = self.random.choice(registers.FIRST_NAMES), registers.last_name(draw())
            made.append({"input": {
                "firstName": first, "lastName": last, "dateOfBirth": registers.birth(draw()).isoformat(),
                "email": f"{first}.{last}@example.com".lower(), "phoneNumber": "555-267-5674",
                "address": f"{number} Oak Street, Springfield", "emergencyContact": f"Contact {last}",
                "allergies": ["Penicillin"], "medicalHistory": [], "currentMedications": [],
            }})
        return made

    def found(self, data):
        payload = data["createPatientRegister"]
        if payload["userErrors"]:
            raise SystemExit(f"tests/bench: {self.name}: {payload['userErrors']}")
        self.made = payload["patientRegister"]["uuid"]
        return payload["patientRegister"]["firstName"], payload["patientRegister"]["lastName"]

    def expected(self, sql, variables):
        stored = sql(f"SELECT first_name || ' ' || last_name FROM patientregister WHERE uuid = '{self.made}'")
        return tuple(stored.split())


SINGLE = [ByUuid, Criteria, Nested, Keyset, KeysetDeep, Offset, Create]
# Of a hundred requests so many of each kind.
MIX = {ByUuid: 50, Criteria: 20, Keyset: 20, Create: 10}
NAMES = [kind.name for kind in SINGLE] + ["mix"]

# The oldest date that any of these could ask for; here so that a change of the generator is noticed.
assert registers.FIRST_BIRTH >= datetime.date(1900, 1, 1)
