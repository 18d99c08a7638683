#!/usr/bin/env python3
"""Tells a story of HL7 v2 messages once more over FHIR R4, as the reference site writes it.

    fhir-twin.py WAY STORY-IN-FOLDER OUT-FOLDER [--apart]

WAY is `charges` (every line a ChargeItem, as ARIA tells it), `treatments` (fractions and their guidance as CodeX RT
resources, the rest as Tasks, Appointments and ChargeItems) or `mixed` (the first file stays HL7 v2, the rest as
`treatments`). With `--apart` its numbers are others, so that both can be told to one daemon. The stories in tests/stories whose names end in `-over-fhir` were made with it and are kept as they are.
"""
import datetime
import json
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
SITE = "https://example.org/id/"
CODEX = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/"
VARIAN = "http://varian.com/fhir/v1/StructureDefinition/"
SNOMED = "http://snomed.info/sct"
ACTIVITY = "https://example.org/CodeSystem/activity"
DOCUMENT = "https://example.org/CodeSystem/document"
CPT = "http://www.ama-assn.org/go/cpt"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
NPI = "http://hl7.org/fhir/sid/us-npi"
V2 = "http://terminology.hl7.org/CodeSystem/v2-"

PHOTONS, ELECTRONS = "1156506007", "45643008"
TECHNIQUE = {"2D": "1156526006", "3D": "1162782007", "IMRT": "441799006", "VMAT": "1156530009"}
MOTION = {"GATED": ("respiratory-motion-management", "721051000124109"),
          "TRACK": ("free-breathing-motion-mgmt-technique", "1286801002")}
GUIDANCE = {"IGRT-CBCT": "717193008", "IGRT-KV": "168537006", "IGRT-MR": "113091000", "IGRT-US": "16310003",
            "IGRT-SURFACE": "1297350006"}


def beam(name):
    """Modality, technique and motion of an activity that a fraction of CodeX RT can tell."""
    if name == "TX-ELECTRON":
        return ELECTRONS, None, None
    parts = name.split("-")
    if parts[0] != "TX" or len(parts) > 3 or parts[1] not in TECHNIQUE:
        return None
    motion = parts[2] if len(parts) == 3 else None
    if motion and (motion not in MOTION or parts[1] == "2D"):
        return None
    return PHOTONS, TECHNIQUE[parts[1]], motion


def instant(text):
    """An HL7 time with the site's offset; a day alone stays a day."""
    text = text.split("^")[0]
    if len(text) <= 8:
        return f"{text[:4]}-{text[4:6]}-{text[6:8]}"
    text = text.ljust(14, "0")[:14]
    at = datetime.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZONE)
    return at.isoformat()


def exact(text):
    """An instant; of a day alone, its noon."""
    text = text.split("^")[0]
    return instant(text if len(text) > 8 else text + "1200")


def later(text, minutes):
    at = datetime.datetime.fromisoformat(text)
    return (at + datetime.timedelta(minutes=minutes)).isoformat()


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def logical(kind, value):
    return {"identifier": {"system": SITE + kind, "value": value}}


class Segment:
    def __init__(self, line):
        self.fields = line.split("|")
        self.name = self.fields[0]
        if self.name == "MSH":
            self.fields.insert(1, "|")

    def __getitem__(self, number):
        return self.fields[number] if number < len(self.fields) else ""

    def first(self, number):
        return self[number].split("~")[0].split("^")[0]


class Twin:
    def __init__(self, way):
        self.way = way
        self.bundle = []
        self.put = {}
        self.fractions = {}
        self.counters = {}

    def add(self, resource):
        known = self.put.get((resource["resourceType"], resource["id"]))
        if known != resource:
            self.put[(resource["resourceType"], resource["id"])] = resource
            self.bundle.append(resource)

    def file(self, text):
        self.bundle = []
        for message in text.split("\n\n"):
            segments = [Segment(line) for line in message.split("\n") if line.strip()]
            if segments:
                self.message(segments)
        return self.bundle

    def message(self, segments):
        head = segments[0]
        self.said = exact(head[7])
        kind = head[9].split("^")
        pid = next(it for it in segments if it.name == "PID")
        pv1 = next((it for it in segments if it.name == "PV1"), None)
        self.patient(pid)
        self.visit(pv1, pid)
        if kind[0] == "ADT" and kind[1] == "A40":
            raise SystemExit("a merge is not told here")
        group, groups = None, []
        for one in segments:
            if one.name in ("FT1", "TXA"):
                group = [one]
                groups.append(group)
            elif group is not None:
                group.append(one)
        guided = [it for it in groups if it[0].name == "FT1" and it[0].first(7) in GUIDANCE]
        for group in sorted(groups, key=lambda it: it in guided):
            zrt = next((it for it in group if it.name == "ZRT"), None)
            self.zrt = zrt
            if group[0].name == "TXA":
                self.document(group[0])
            else:
                self.charge(group[0])

    def patient(self, pid):
        mrn = pid.first(3)
        self.mrn = mrn
        name = pid[5].split("^")
        if pid[3].split("^")[3:4] != ["EXAMPLE"]:
            raise SystemExit("another authority is not told here")
        identifiers = [{"use": "usual", "type": concept(V2 + "0203", "MR"), "system": SITE + "mrn", "value": mrn}]
        if pid.first(18):
            identifiers.append({"type": concept(V2 + "0203", "AN"), "system": SITE + "account", "value": pid.first(18)})
        day = pid.first(7)
        patient = {"resourceType": "Patient", "id": f"pat-{mrn}", "identifier": identifiers}
        if name[0]:
            patient["name"] = [{"family": name[0], "given": [it for it in name[1:2] if it]}]
            if not patient["name"][0]["given"]:
                del patient["name"][0]["given"]
        if pid.first(8) in "MF" and pid.first(8):
            patient["gender"] = {"M": "male", "F": "female"}[pid.first(8)]
        if len(day) >= 8:
            patient["birthDate"] = instant(day[:8])
        self.add(patient)
        self.subject = {"reference": f"Patient/pat-{mrn}"}

    def visit(self, pv1, pid):
        self.encounter = None
        if pv1 is None or not pv1.first(19):
            return
        number = pv1.first(19)
        inpatient = pv1.first(2) == "I"
        one = f"visit-{number}{'-i' if inpatient else ''}"
        self.add({
            "resourceType": "Encounter", "id": one, "status": "in-progress",
            "identifier": [{"system": SITE + "visit", "value": number}],
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" if inpatient else "AMB"},
            "subject": self.subject,
        })
        self.encounter = {"reference": f"Encounter/{one}"}

    def practitioner(self, xcn):
        parts = (xcn.split("~")[0] + "^" * 8).split("^")
        if not parts[0] and not parts[1]:
            return None
        one = {"resourceType": "Practitioner", "id": f"npi-{parts[0] or parts[1]}"}
        if parts[0]:
            one["identifier"] = [{"system": NPI, "value": parts[0]}]
        if parts[1]:
            one["name"] = [{"family": parts[1]}]
            if parts[2]:
                one["name"][0]["given"] = [parts[2]]
        degree = parts[6]
        if degree:
            one["id"] += f"-{degree.lower().replace('.', '')}"
            one["qualification"] = [{"code": {"text": degree}}]
        self.add(one)
        return {"reference": f"Practitioner/{one['id']}"}

    def context(self):
        zrt = self.zrt
        refs = []
        if zrt and zrt.first(1):
            refs.append(logical("course", zrt.first(1)))
        if zrt and zrt.first(2):
            refs.append(logical("plan", zrt.first(2)))
        return refs

    def session(self):
        return self.zrt.first(5) if self.zrt else ""

    def document(self, txa):
        number = txa.first(12)
        status = {"LA": "final", "AU": "final", "IP": "preliminary"}.get(txa.first(17), "preliminary")
        if txa.first(19) == "CA":
            status = "entered-in-error"
        one = {
            "resourceType": "DocumentReference", "id": f"doc-{number}", "meta": {"lastUpdated": self.said},
            "identifier": [{"system": SITE + "document", "value": number}],
            "status": "current", "docStatus": status,
            "type": concept(DOCUMENT, txa.first(2)), "subject": self.subject, "date": exact(txa[4]),
            "content": [{"attachment": {"title": "kept at the source"}}],
        }
        author = self.practitioner(txa[9])
        if author:
            one["author"] = [author]
        related = self.context()
        if self.session():
            related.append({"identifier": {"system": "urn:dicom:uid", "value": self.session()}})
        if related:
            one["context"] = {"related": related}
        self.add(one)

    def charge(self, ft1):
        name, number = ft1.first(7), ft1.first(2)
        if ft1.first(6) == "CD":
            return self.credit(ft1)
        if self.way != "charges" and beam(name) and self.session() and ft1.first(10) in ("", "1") and not ft1[26]:
            return self.fraction(ft1, name, number)
        if self.way != "charges" and name in GUIDANCE and self.session() in self.fractions:
            return self.guided(name)
        plain = not ft1[25] and not ft1[26] and ft1.first(10) in ("", "1")
        if self.way != "charges" and plain and not self.session() and len(ft1.first(4)) > 8:
            return self.task(ft1, name, number)
        self.charge_item(ft1, name, number)

    def reasons(self, ft1):
        return [concept(ICD, it.split("^")[0]) for it in ft1[19].split("~") if it.split("^")[0]]

    def charge_item(self, ft1, name, number):
        coding = [{"system": ACTIVITY, "code": name}] if name else []
        if ft1.first(25):
            coding.append({"system": CPT, "code": ft1.first(25)})
        coding += [{"system": CPT, "code": it.split("^")[0]} for it in ft1[26].split("~") if it]
        one = {
            "resourceType": "ChargeItem", "id": f"charge-{number}", "enteredDate": self.said,
            "extension": [{"url": VARIAN + "chargeitem-category", "valueString": "Global"}],
            "identifier": [{"system": SITE + "charge", "value": number}],
            "status": "billable", "code": {"coding": coding}, "subject": self.subject,
            "occurrenceDateTime": instant(ft1[4]), "quantity": {"value": int(ft1.first(10) or "1")},
        }
        reasons = self.reasons(ft1)
        if reasons:
            one["reason"] = reasons
        performers = []
        performed, ordered = self.practitioner(ft1[20]), self.practitioner(ft1[21])
        if performed:
            performers.append({"actor": performed})
        if ordered:
            performers.append({"function": concept(V2 + "0912", "OP"), "actor": ordered})
        if performers:
            one["performer"] = performers
        information = self.context()
        if self.session():
            information.append({"identifier": {"system": "urn:dicom:uid", "value": self.session()}})
        if information:
            one["supportingInformation"] = information
        if self.encounter and self.encounter["reference"].endswith("-i"):
            one["context"] = self.encounter
        self.add(one)

    def credit(self, ft1):
        number = ft1.first(31) or ft1.first(2)
        for kind, one in (("ChargeItem", f"charge-{number}"), ("Procedure", f"fraction-{number}"), ("Task", f"task-{number}")):
            known = self.put.get((kind, one))
            if known:
                changed = json.loads(json.dumps(known))
                changed["status"] = "entered-in-error"
                if "enteredDate" in changed:
                    changed["enteredDate"] = self.said
                changed.setdefault("meta", {})["lastUpdated"] = self.said
                for key, state in self.counters.items():
                    if kind == "Procedure" and number in state["given"]:
                        state["given"].discard(number)
                        counter = f"treated-{key}-{state['phase']}"
                        counted = json.loads(json.dumps(self.put[("Procedure", counter)]))
                        counted["extension"][0]["valueUnsignedInt"] = len(state["given"])
                        counted["meta"]["lastUpdated"] = self.said
                        self.add(counted)
                return self.add(changed)
        raise SystemExit(f"a credit of {number}, which is not known, is not told here")

    def task(self, ft1, name, number):
        one = {
            "resourceType": "Task", "id": f"task-{number}", "meta": {"lastUpdated": self.said},
            "identifier": [{"system": SITE + "charge", "value": number}], "status": "completed", "intent": "order",
            "code": concept(ACTIVITY, name), "for": self.subject,
            "executionPeriod": {"end": instant(ft1[4])},
        }
        reasons = self.reasons(ft1)
        if reasons:
            one["reasonCode"] = {"coding": [it["coding"][0] for it in reasons]}
        owner, requester = self.practitioner(ft1[20]), self.practitioner(ft1[21])
        if owner:
            one["owner"] = owner
        if requester:
            one["requester"] = requester
        if self.context():
            one["basedOn"] = self.context()
        if self.encounter:
            one["encounter"] = self.encounter
        self.add(one)

    def planned(self, ft1):
        """Course and phase of a fraction, as they are planned."""
        course, plan = self.zrt.first(1), self.zrt.first(2)
        key = f"{self.mrn}-{course}"
        requester = self.practitioner(ft1[21])
        level = lambda code: {"code": concept(SNOMED, code), "category": [concept(SNOMED, "1287742003")]}
        common = {"resourceType": "ServiceRequest", "status": "active", "intent": "filler-order", "subject": self.subject}
        self.add({**common, **level("1217123003"), "id": f"course-{key}",
                  "meta": {"profile": [CODEX + "codexrt-radiotherapy-planned-course"]},
                  "identifier": [{"system": SITE + "course", "value": course}]})
        phase = self.phase(ft1.first(2), key, plan, common, level)
        one = {**common, **level("1255724003"), "id": f"plan-{key}-{plan}",
               "meta": {"profile": [CODEX + "codexrt-radiotherapy-treatment-plan"]},
               "identifier": [{"system": SITE + "plan", "value": plan}],
               "basedOn": [{"reference": f"ServiceRequest/phase-{key}"}]}
        if requester:
            one["requester"] = requester
        self.add(one)
        return [{"reference": f"ServiceRequest/{one['id']}"}, {"reference": f"ServiceRequest/{phase['id']}"}]

    def phase(self, number, key, plan, common, level):
        """The planned phase, and the treated one with its counter; a new plan begins a new phase."""
        told = self.zrt.first(4)
        state = self.counters.setdefault(key, {"phase": 1, "plan": plan, "given": set(), "left": int(told or 0)})
        if plan != state["plan"]:
            self.treated(key, state, common, level, "stopped")
            old = self.put[("ServiceRequest", f"phase-{key}-{state['phase']}")]
            self.add({**old, "status": "revoked"})
            replaces = [{"reference": f"ServiceRequest/phase-{key}-{state['phase']}"}]
            state.update(phase=state["phase"] + 1, plan=plan, left=state["left"] - len(state["given"]), given=set())
        else:
            replaces = None
        state["given"].add(number)
        one = {**common, **level("1222565005"), "id": f"phase-{key}-{state['phase']}",
               "meta": {"profile": [CODEX + "codexrt-radiotherapy-planned-phase"]},
               "basedOn": [{"reference": f"ServiceRequest/course-{key}"}]}
        if replaces:
            one["replaces"] = replaces
        if told:
            planned = max(state["left"], 1)
            one["extension"] = [{"url": CODEX + "codexrt-radiotherapy-fractions-planned", "valuePositiveInt": planned}]
        known = self.put.get(("ServiceRequest", one["id"]))
        if known is None:
            self.add(one)
        self.treated(key, state, common, level, "in-progress")
        return known or one

    def treated(self, key, state, common, level, status):
        code = level("1222565005")
        self.add({"resourceType": "Procedure", "id": f"treated-{key}-{state['phase']}", "status": status,
                  "meta": {"lastUpdated": self.said, "profile": [CODEX + "codexrt-radiotherapy-treated-phase"]},
                  "extension": [{"url": CODEX + "codexrt-radiotherapy-fractions-delivered",
                                 "valueUnsignedInt": len(state["given"])}],
                  "code": code["code"], "category": code["category"][0], "subject": common["subject"],
                  "basedOn": [{"reference": f"ServiceRequest/phase-{key}-{state['phase']}"}]})

    def fraction(self, ft1, name, number):
        modality, technique, motion = beam(name)
        session = self.session()
        coded = lambda url, code: {"url": url, "valueCodeableConcept": concept(SNOMED, code)}
        parts = [coded(MCODE + "mcode-radiotherapy-modality", modality)]
        if technique:
            parts.append(coded(MCODE + "mcode-radiotherapy-technique", technique))
        extensions = [{"url": MCODE + "mcode-radiotherapy-modality-and-technique", "extension": parts}]
        if motion:
            url, code = MOTION[motion]
            extensions.append(coded(f"{CODEX}codexrt-radiotherapy-{url}", code))
        if self.zrt.first(3):
            extensions.append({"url": CODEX + "codexrt-radiotherapy-fraction-number-in-phase",
                               "valuePositiveInt": int(self.zrt.first(3))})
        start = instant(ft1[4])
        one = {
            "resourceType": "Procedure", "id": f"fraction-{number}",
            "meta": {"lastUpdated": self.said, "profile": [CODEX + "codexrt-radiotherapy-treated-fraction"]},
            "extension": extensions,
            "identifier": [{"use": "usual", "system": SITE + "fraction", "value": self.zrt.first(3) or "1"},
                           {"use": "official", "system": "urn:dicom:uid", "value": f"urn:oid:{session}"}],
            "status": "completed", "category": concept(SNOMED, "1287742003"), "code": concept(SNOMED, "1297069006"),
            "subject": self.subject, "basedOn": self.planned(ft1),
        }
        if len(start) > 10:
            one["performedPeriod"] = {"start": start, "end": later(start, 12)}
        else:
            one["performedPeriod"] = {"start": start}
        reasons = self.reasons(ft1)
        if reasons:
            one["reasonCode"] = reasons
        performer = self.practitioner(ft1[20])
        if performer:
            one["performer"] = [{"actor": performer}]
        inpatient = self.encounter and self.encounter["reference"].endswith("-i")
        if inpatient or session in self.fractions:
            # A session with two fractions, or of an inpatient, is an encounter of its own.
            one["encounter"] = self.stay(session, inpatient)
            one["identifier"][1]["value"] += f".{len(self.fractions) + 1}"
        self.fractions.setdefault(session, one["id"])
        self.add(one)

    def stay(self, session, inpatient):
        encounter = {
            "resourceType": "Encounter", "id": f"session-{session}", "status": "finished",
            "meta": {"profile": [CODEX + "codexrt-radiotherapy-treatment-session"]},
            "identifier": [{"use": "official", "system": "urn:dicom:uid", "value": f"urn:oid:{session}"}],
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP" if inpatient else "AMB"},
            "serviceType": concept(SNOMED, "1287742003"), "subject": self.subject,
        }
        self.add(encounter)
        return {"reference": f"Encounter/{encounter['id']}"}

    def guided(self, name):
        one = json.loads(json.dumps(self.put[("Procedure", self.fractions[self.session()])]))
        one["extension"].append({"url": CODEX + "codexrt-image-guided-radiotherapy-modality", "extension": [
            {"url": "modality", "valueCodeableConcept": concept(SNOMED, GUIDANCE[name])}]})
        one["meta"]["lastUpdated"] = self.said
        self.add(one)


def apart(text):
    """The same messages of another patient, with numbers of their own."""
    def other(line):
        fields = line.split("|")
        shift = 1 if fields[0] == "MSH" else 0

        def change(number, new):
            place = number - shift
            if place < len(fields) and fields[place]:
                fields[place] = new(fields[place])
        if fields[0] == "MSH":
            change(10, lambda it: "F" + it)
        elif fields[0] == "PID":
            change(3, lambda it: "5" + it[1:])
            change(18, lambda it: "F" + it)
        elif fields[0] == "PV1":
            change(19, lambda it: "F" + it)
        elif fields[0] == "FT1":
            change(2, lambda it: "F" + it)
            change(31, lambda it: "F" + it)
        elif fields[0] == "TXA":
            change(12, lambda it: "F" + it)
        elif fields[0] == "ZRT":
            change(5, lambda it: it + "5")
        return "|".join(fields)
    return "\n".join(other(line) for line in text.split("\n"))


def main():
    way, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    target.mkdir(parents=True, exist_ok=True)
    twin = Twin(way)
    for place, file in enumerate(sorted(source.iterdir())):
        text = file.read_text().replace("\r", "\n")
        if "--apart" in sys.argv:
            text = apart(text)
        if way == "mixed" and place == 0:
            (target / file.name).write_text(text)
            continue
        bundle = twin.file(text)
        newest = {}
        for resource in bundle:
            newest[(resource["resourceType"], resource["id"])] = resource
        entries = [{"fullUrl": f"https://ois.example/fhir/{it['resourceType']}/{it['id']}", "resource": it}
                   for it in newest.values()]
        if not entries:
            continue
        told = {"resourceType": "Bundle", "type": "collection", "entry": entries}
        (target / (file.stem + ".json")).write_text(json.dumps(told, indent=1) + "\n")


main()
