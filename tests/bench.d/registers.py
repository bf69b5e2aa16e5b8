"""Made-up patients, what they take, doctors, institutions and specialties: the same for the same seed.

A record's key is the MD5 of its table's letter and number, so that pgbench, which can draw numbers only, knows keys too.
Last names are drawn from a truncated exponential distribution, as pgbench's random_exponential draws them.
"""

import datetime
import hashlib
import math
import random
import uuid

INSTITUTIONS = 60
SPECIALTIES = 25
PATIENTS_PER_DOCTOR = 500
# Of a hundred registers that are not deleted there is one more that is.
PATIENTS_PER_TOMBSTONE = 100
SKEW = 4.0

FIRST_NAMES = (
    "Ada Alan Alice Amir Ana Anna Anton Ben Boris Carla Carlos Chen Clara Dana David Diego Elena Elias Emil Emma Eva "
    "Fatima Felix Finn Grace Hana Hugo Ida Ines Ivan Jack James Jana Joan John Jonas Julia Karl Kim Lara Leo Lina Luca "
    "Luis Maja Mara Marco Maria Mary Max Mia Mila Milan Nadia Nina Noah Nora Olga Omar Oscar Otto Paul Peter Rosa Ruth "
    "Sam Sara Sofia Stella Sven Theo Thomas Tim Tina Uma Vera Victor Wanda Yara Yusuf Zoe"
).split()
STEMS = (
    "Ander Barn Bell Berg Bright Brook Carl Clay Col Cran Dal Daniel East Edward Eld Far Field Frank Free Gar Gold "
    "Green Hal Ham Harri Hart Hill Holm John Kel Kings Lang Law Lind Mar Mill Morri Nel Nor Oak Peder Quin Rob Sand "
    "Shel Stan Stein Thom Wal Win"
).split()
ENDINGS = "son s man ton ley er ford well wood sen".split()
LAST_NAMES = [stem + ending for ending in ENDINGS for stem in STEMS]
STREETS = "Oak Elm Lake Hill Mill Park Pine River Church Station".split()
CONDITIONS = "Asthma,Diabetes mellitus type 2,Essential hypertension,Hyperlipidemia,Migraine,Osteoarthritis".split(",")
SUBSTANCES = "Penicillin,Peanut,Latex,Shellfish,Pollen,Aspirin".split(",")
MEDICATIONS = "Metformin 500 mg,Lisinopril 10 mg,Simvastatin 20 mg,Salbutamol inhaler,Ibuprofen 400 mg".split(",")

# Of the constraint on dates of birth only the lower bound stands still.
FIRST_BIRTH = datetime.date(1930, 1, 1)
BIRTH_DAYS = (datetime.date(2024, 12, 31) - FIRST_BIRTH).days
FIRST_CREATION = datetime.datetime(2023, 1, 1)
CREATION_SECONDS = 3 * 365 * 86400

# RxNorm's code of each of the medications.
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CODES = "861007 314076 312961 745679 197805".split()
DOSES = "1 tablet daily,1 tablet twice a day,2 puffs as needed".split(",")
# Of ten patients, how many take none, one, two and three of them.
TAKEN = (4, 7, 9, 10)

PATIENT_COLUMNS = (
    "uuid first_name last_name date_of_birth email phone_number address emergency_contact allergies medical_history "
    "current_medications status institution_id doctor_id created_at updated_at deleted_at"
).split()


def key(letter, number):
    return str(uuid.UUID(hashlib.md5(f"{letter}{number}".encode()).hexdigest()))


def last_name(draw):
    """A last name for a number that is evenly distributed between 0 and 1."""
    place = -math.log(1 - draw * (1 - math.exp(-SKEW))) / SKEW
    return LAST_NAMES[int(place * len(LAST_NAMES))]


def birth(draw):
    return FIRST_BIRTH + datetime.timedelta(days=int(draw * BIRTH_DAYS))


def load(server, database, patients, seed):
    """Fills a database that has the schema and nothing else. Its triggers write the change log, as they always do."""
    draw = random.Random(seed)
    institutions = [key("i", number) for number in range(INSTITUTIONS)]
    specialties = [key("s", number) for number in range(SPECIALTIES)]
    doctors = [
        (key("d", number), institutions[int(draw.random() ** 2 * INSTITUTIONS)])
        for number in range(max(patients // PATIENTS_PER_DOCTOR, 20))
    ]
    server.copy(database, "medical_institutions", ["uuid", "name", "address"], (
        f"{uuid}\tHospital {number} of {STEMS[number % len(STEMS)]}ville\t{number} Station Road\n"
        for number, uuid in enumerate(institutions)
    ))
    server.copy(database, "doctor_specialties", ["uuid", "name"], (
        f"{uuid}\tSpecialty {number}\n" for number, uuid in enumerate(specialties)
    ))
    columns = ["uuid", "first_name", "last_name", "license_number", "institution_id", "specialty_id"]
    server.copy(database, "doctors", columns, (
        f"{uuid}\t{draw.choice(FIRST_NAMES)}\t{last_name(draw.random())}\tL{number:07}\t{institution}\t"
        f"{draw.choice(specialties)}\n"
        for number, (uuid, institution) in enumerate(doctors)
    ))
    rows = patients + patients // PATIENTS_PER_TOMBSTONE
    # Drawn once more for what they take: rows are written as they come.
    again = random.Random(seed)
    again.setstate(draw.getstate())
    server.copy(database, "patientregister", PATIENT_COLUMNS, (
        patient(number, doctors, draw.random, number > patients)[1] for number in range(1, rows + 1)
    ))
    server.copy(database, "medications", ["uuid", "system", "code", "name"], (
        f"{key('m', number)}\t{RXNORM}\t{code}\t{MEDICATIONS[number]}\n" for number, code in enumerate(CODES)
    ))
    columns = ["patient_id", "institution_id", "system", "code", "display", "medication_id", "dose", "start_date"]
    server.copy(database, "patient_medications", columns, (
        line
        for number in range(1, rows + 1)
        for line in taken(number, patient(number, doctors, again.random, number > patients)[0])
    ))


def taken(number, institution):
    """The lines of what a patient takes."""
    draw = number * 7919 % 1000003
    for place in range(sum(draw % 10 >= share for share in TAKEN)):
        which, dose, day = (draw + place) % len(CODES), draw % len(DOSES), 1 + draw % 28
        yield (
            f"{key('p', number)}\t{institution}\t{RXNORM}\t{CODES[which]}\t{MEDICATIONS[which]}\t{key('m', which)}\t"
            f"{DOSES[dose]}\t2026-01-{day:02}\n"
        )


def patient(number, doctors, draw, is_deleted):
    """A patient's institution, and the line of COPY's text format."""
    first, last = FIRST_NAMES[int(draw() * len(FIRST_NAMES))], last_name(draw())
    doctor, institution = doctors[int(draw() * len(doctors))]
    status = "VALIDATED" if draw() < 0.7 else "PENDING"
    created = FIRST_CREATION + datetime.timedelta(seconds=int(draw() * CREATION_SECONDS))
    street = f"{int(draw() * 900) + 1} {STREETS[int(draw() * len(STREETS))]} Street"
    deleted = "2026-01-01 00:00:00+00" if is_deleted else "\\N"
    return institution, (
        f"{key('p', number)}\t{first}\t{last}\t{birth(draw())}\t{first.lower()}.{last.lower()}@example.com\t"
        f"555-{int(draw() * 900) + 100}-{int(draw() * 9000) + 1000}\t{street}, Springfield\tContact {last}\t"
        f"{some(SUBSTANCES, draw())}\t{some(CONDITIONS, draw())}\t{some(MEDICATIONS, draw())}\t{status}\t{institution}\t"
        f"{doctor}\t{created}+00\t{created}+00\t{deleted}\n"
    )


def some(choices, draw):
    """A list of none (for two thirds of all), one or two of the choices, as PostgreSQL writes arrays."""
    if draw < 2 / 3:
        return "{}"
    first = int((draw - 2 / 3) * 3 * len(choices))
    return '{"%s"}' % '","'.join(choices[first : first + 1 + first % 2])
