//! SIU: what the schedule says was done, and what it takes back.

use std::sync::Arc;

use crate::domain::{
    Activity, ActivityKey, ActivityStanding, Fact, Field, PatientClass, Quantity, Refusal, Share,
    Weight,
};
use crate::mappings::source::{AppointmentSpots, Spelling, Spot};

use super::opened::{Opened, Part};
use super::{Note, Person, Reader, Told, clinician, code, finding, moment, person};

pub(super) const READER: Reader = Reader {
    kind: "SIU",
    says: "An appointment that is completed is something done, where the profile says what it names; \
           one that is canceled, deleted or missed is taken back.",
    uses: &["MSH", "EVN", "SCH", "PID", "PV1", "IN1", "RGS", "AIS", "AIP", "DG1", "ZRT"],
    read,
};

/// Events that take an appointment back: discontinued, canceled, deleted, nobody came.
const TAKEN_BACK: [&str; 4] = ["S15", "S16", "S17", "S26"];

fn read(opened: &Opened<'_>, told: &mut Told) -> Result<(), Refusal> {
    let Some(spots) = &opened.reading.profile.appointment else {
        told.ignored = Some("appointments (SIU) are kept and not used yet".to_owned());
        told.people = person::known(opened);
        return Ok(());
    };
    for part in opened.persons() {
        let Ok(mut person) = person::person(opened, &part) else {
            continue;
        };
        match standing(opened, spots, &part) {
            Some(standing) => appointment(opened, (spots, standing), &part, &mut person, told),
            None => told.notes.push(Note {
                place: finding::place(&part, &spots.status),
                words: "an appointment that is not completed; kept, not used".to_owned(),
            }),
        }
        told.people.push(person);
    }
    if told.people.iter().all(|person| person.facts.is_empty()) {
        told.ignored = Some("no appointment is completed or taken back".to_owned());
    }
    Ok(())
}

/// Whether an appointment was kept, or is taken back; `None` while it is neither.
fn standing(
    opened: &Opened<'_>,
    spots: &AppointmentSpots,
    part: &Part<'_>,
) -> Option<ActivityStanding> {
    let status = part.at(&spots.status).code();
    if TAKEN_BACK.contains(&opened.event) || Spelling::is(&spots.taken_back, &status) {
        Some(ActivityStanding::TakenBack)
    } else if Spelling::is(&spots.completed, &status) {
        Some(ActivityStanding::Done)
    } else {
        None
    }
}

/// Each service of the appointment is something done.
fn appointment(
    opened: &Opened<'_>,
    (spots, standing): (&AppointmentSpots, ActivityStanding),
    part: &Part<'_>,
    person: &mut Person,
    told: &mut Told,
) {
    let services = part.groups(&spots.name.segment);
    let each = if services.is_empty() { vec![part.clone()] } else { services };
    for (service, nth) in each.iter().zip(1..) {
        let at =
            |spot: &Spot| if service.segment(&spot.segment).is_some() { service } else { part };
        let missing = |spot: &Spot, words: &str| Note {
            place: finding::place(at(spot), spot),
            words: words.to_owned(),
        };
        let (number, name) = (part.code(&spots.number), at(&spots.name).code(&spots.name));
        let done = moment::local(at(&spots.done).at(&spots.done));
        match (number, name, done) {
            (Some(number), Some(name), Some(done)) => {
                let number = if nth == 1 { number } else { format!("{number}~{nth}") };
                let key = ActivityKey { system: opened.reading.system.to_owned(), number, name };
                let profile = opened.reading.profile;
                let course = profile.course.as_ref();
                let named = |spot: Option<&Spot>| {
                    spot.and_then(|spot| service.code(spot).or_else(|| part.code(spot)))
                };
                let dg1 = part.groups("DG1");
                let diagnoses = dg1.iter().map(|one| one.field("DG1", 3));
                let inpatient = part.at(&profile.person.class).code();
                let is_inpatient = Spelling::is(&profile.spelling.inpatient, &inpatient);
                person.facts.push(Fact::Activity(Arc::new(Activity {
                    key,
                    profile: profile.name.clone(),
                    done,
                    quantity: Quantity::new(1)
                        .map_or_else(|| Field::Unreadable(String::new()), Field::Read),
                    chosen: None,
                    modifiers: Vec::new(),
                    share: Share::Whole,
                    diagnoses: code::diagnoses(diagnoses).0,
                    performer: clinician::clinician(
                        at(&spots.performer).at(&spots.performer),
                        profile,
                    ),
                    orderer: None,
                    course: named(course.map(|it| &it.course)),
                    plan: named(course.map(|it| &it.plan)),
                    fraction: None,
                    prescribed: None,
                    session: named(course.map(|it| &it.session)),
                    account: part.code(&profile.person.account),
                    visit: part.code(&profile.person.visit),
                    class: if is_inpatient {
                        PatientClass::Inpatient
                    } else {
                        PatientClass::Outpatient
                    },
                    payer: part.code(&profile.person.payer),
                    department: None,
                    location: None,
                    filler_order: spots.filler_order.as_ref().and_then(|spot| at(spot).code(spot)),
                    posted: opened.made,
                    told: opened.made,
                    message: opened.reading.message,
                    control_id: opened.control_id.clone(),
                    unreadable: Vec::new(),
                    standing,
                    weight: Weight::Scheduled,
                })));
            }
            (None, ..) => told.notes.push(missing(&spots.number, "the appointment has no number")),
            (_, None, _) => told.notes.push(missing(&spots.name, "nothing says what it is for")),
            (.., None) => told.notes.push(missing(&spots.done, "the appointment has no day")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::samples::{PID, activities, headed, one, told, told_by};
    use crate::table::rows;

    const SPOTS: &str = "\n[appointment]\nnumber = \"SCH.2\"\nname = \"AIS.3\"\ndone = \"AIS.4\"\n\
        status = \"SCH.25\"\nperformer = \"AIP.3\"\ncompleted = [\"Complete\"]\n\
        taken_back = [\"Cancelled\", \"Noshow\", \"Deleted\"]\n";

    fn profile() -> String {
        include_str!("../../mappings/sources/aria.toml").to_owned() + SPOTS
    }

    #[test]
    fn an_appointment_is_done_or_taken_back_as_event_and_status_say() {
        let profile = profile();
        for row in rows(
            "
            | event | status    | is        |
            | S12   | Booked    | nothing   |
            | S14   | Started   | nothing   |
            | S14   | Arrived   | nothing   |
            | S14   | Complete  | Done      |
            | S14   | complete  | Done      |
            | S15   |           | TakenBack |
            | S17   | Complete  | TakenBack |
            | S26   | Noshow    | TakenBack |
            | S14   | Cancelled | TakenBack |
            ",
        ) {
            let schedule = format!("SCH|P1|AP1{}{}", "|".repeat(23), row["status"]);
            let text = headed(
                &format!("SIU^{}", row["event"]),
                &[&schedule, PID, "RGS|1", "AIS|1||TX-2D^x|20261008101500", "ZRT|C1|P1"],
            );
            let told = told_by(&profile, text.as_bytes()).unwrap();
            let is = activities(&told)
                .first()
                .map_or("nothing".into(), |it| format!("{:?}", it.standing));
            assert_eq!(is, row["is"], "{row}");
            assert_eq!(told.ignored.is_some(), is == "nothing", "{row}");
            if let Some(activity) = activities(&told).first() {
                assert_eq!(
                    (activity.key.number.as_str(), activity.key.name.as_str()),
                    ("AP1", "TX-2D")
                );
                assert_eq!(
                    (activity.weight, activity.course.as_deref()),
                    (Weight::Scheduled, Some("C1"))
                );
            }
        }
    }

    #[test]
    fn what_is_missing_is_noted_and_without_places_appointments_are_kept() {
        let schedule = format!("SCH|P1|AP1{}Complete", "|".repeat(23));
        let text = headed("SIU^S14", &[&schedule, PID, "AIS|1||TX-2D", "AIS|2||TX-2D|20261008"]);
        let read = told_by(&profile(), text.as_bytes()).unwrap();
        assert_eq!(activities(&read)[0].key.number, "AP1~2");
        assert_eq!(read.notes[0].words, "the appointment has no day");
        let kept = told("SIU^S12", &[PID, "SCH|1"]);
        assert_eq!(kept.ignored.as_deref(), Some("appointments (SIU) are kept and not used yet"));
        assert_eq!(one(&kept).facts.len(), 0);
    }
}
