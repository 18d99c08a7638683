#!/usr/bin/env python3
"""Writes src/wire/fhir/r4.csv: the elements of FHIR R4 4.0.1 that a resource of ours may have.

    npm install fhir@4.12.0
    pip download --no-deps fhir.resources==7.1.0 && unzip fhir.resources*.whl
    python3 tests/tools/r4-elements.py node_modules/fhir/profiles fhir/resources/R4B > src/wire/fhir/r4.csv

The definitions are HL7's (CC0); the packages are MIT and BSD. Columns: path, least, most, types, codes of a
required binding, types that a reference may name. A choice is one row, its name ending in [x]; `=` is
an element with elements of its own, `#path` one with the elements of another. The row Resource.type
lists every type of R4. The first package leaves out what nested references may name: that is from the
second, whose R4B is R4 in every type here. The currencies are ISO 4217's.
"""
import json
import pathlib
import re
import sys

RESOURCES = """Account Appointment AppointmentResponse BodyStructure Bundle CapabilityStatement CarePlan
CareTeam ChargeItem Condition Coverage Device DocumentReference Encounter EpisodeOfCare Group
HealthcareService Location MessageHeader Observation OperationOutcome Organization Parameters Patient
Practitioner PractitionerRole Procedure Provenance RelatedPerson Schedule ServiceRequest Slot
Specimen Subscription Task""".split()

# ISO 4217 as R4 binds it, and what has been added since.
CURRENCIES = """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP
BYN BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP
GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD JOD JPY KES KGS
KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR
MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
SLL SOS SPL SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TVD TWD TZS UAH UGX USD USN UYI UYU UZS VEF
VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWD
SLE UYW VED VES XCG ZWG ZWL"""

folder = sys.argv[1]
types = json.load(open(f"{folder}/types.json"))
sets = json.load(open(f"{folder}/valuesets.json"))
done, waiting, rows = set(), list(RESOURCES), []
PRIMITIVE = {name for name, it in types.items() if it.get("_kind") == "primitive-type" or name[0].islower()}


def codes(element):
    if element.get("_valueSetStrength") != "required" or element["_type"] not in ("code",):
        return ""
    known = sets.get(element["_valueSet"].split("|")[0])
    if not known or len(known["systems"]) == 0:
        return ""
    found = [code["code"] for system in known["systems"] for code in system.get("codes", [])]
    return " ".join(found) if found and len(found) <= 80 and all(" " not in c for c in found) else ""


def targets(element):
    return " ".join(sorted(it.rsplit("/", 1)[1] for it in element.get("_targetProfiles", [])
                           if not it.endswith("/Resource")))


def typed(path, name, kind):
    """The package gives the id of a datatype, and the address of an extension, another type."""
    if name == "id" and types.get(path, {}).get("_kind") != "resource":
        return "string"
    return "uri" if (path, name) == ("Extension", "url") else kind


def walk(path, properties):
    choices = {}
    for element in properties:
        name, kind = element["_name"], element["_type"]
        if name.startswith("_"):
            continue
        most = "*" if element["_multiple"] else "1"
        least = "1" if element.get("_required") else "0"
        if "_choice" in element:
            known = choices.setdefault(element["_choice"], [least, most, [], set()])
            known[2].append(kind)
            known[3].update(targets(element).split())
            waiting.append(kind)
            continue
        nested = element.get("_properties") or []
        if nested and kind in ("BackboneElement", "Element"):
            rows.append((f"{path}.{name}", least, most, "=", "", ""))
            walk(f"{path}.{name}", nested)
            continue
        if kind.startswith("#"):
            rows.append((f"{path}.{name}", least, most, kind, "", ""))
            continue
        known = " ".join(CURRENCIES.split()) if (path, name) == ("Money", "currency") else codes(element)
        rows.append((f"{path}.{name}", least, most, typed(path, name, kind), known, targets(element)))
        waiting.append(kind)
    for name, (least, most, kinds, to) in choices.items():
        name = name.removesuffix("[x]")
        rows.append((f"{path}.{name}[x]", least, most, " ".join(kinds), "", " ".join(sorted(to))))


while waiting:
    kind = waiting.pop()
    if kind in done or kind in PRIMITIVE or kind in ("Resource", "xhtml"):
        continue
    done.add(kind)
    if kind in types:
        walk(kind, types[kind]["_properties"])
    else:
        print("unknown type", kind, file=sys.stderr)

def nested_targets(folder):
    """What each reference may name, by the name of its class and its own."""
    found = {}
    for file in pathlib.Path(folder).glob("*.py"):
        for part in re.split(r"^class ", file.read_text(), flags=re.M)[1:]:
            owner = re.match(r"\w+", part)[0]
            for field in re.split(r"alias=", part)[1:]:
                to = re.search(r"enum_reference_types=\[(.*?)\]", field, flags=re.S)
                if to:
                    found[owner, re.match(r'"(\w+)"', field)[1]] = sorted(re.findall(r"\w+", to[1]))
    return found


def filled(row):
    path, least, most, kinds, known, to = row
    if to or "Reference" not in kinds.split():
        return row
    *owner, name = path.replace("[x]", "Reference").split(".")
    named = nested.get(("".join(part[0].upper() + part[1:] for part in owner), name), [])
    return path, least, most, kinds, known, "" if "Resource" in named else " ".join(named)


nested = nested_targets(sys.argv[2])
walk("Element", types["Element"]["_properties"])
every = sorted(name for name, it in types.items() if it.get("_kind") == "resource" and name not in ("Resource", "DomainResource"))
rows.append(("Resource.type", "1", "1", "code", " ".join(every), ""))
print("path,least,most,types,codes,targets")
for row in sorted(rows):
    print(",".join(filled(row)))
