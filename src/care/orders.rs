//! Who ordered what was done: the charge says so, or the order that it names.

use std::sync::Arc;

use crate::domain::{Activity, Clinician, Order, OrderStanding};

/// The activities, those that name an order and nobody who ordered with whoever ordered it; `None`
/// if that is none of them.
pub(super) fn ordered(
    activities: &[Arc<Activity>],
    orders: &[Arc<Order>],
) -> Option<Vec<Arc<Activity>>> {
    let lacks = |one: &Activity| one.orderer.is_none() && one.filler_order.is_some();
    if orders.is_empty() || !activities.iter().any(|one| lacks(one)) {
        return None;
    }
    let orderer = |one: &Activity| {
        let number = one.filler_order.as_deref().filter(|_| lacks(one))?;
        by_order((&one.key.system, number), orders)
    };
    let told = |one: &Arc<Activity>| match orderer(one) {
        Some(orderer) => Arc::new(Activity { orderer: Some(orderer), ..(**one).clone() }),
        None => Arc::clone(one),
    };
    Some(activities.iter().map(told).collect())
}

/// Whoever gave an order, if it stands: by the newest word about it.
fn by_order(named: (&str, &str), orders: &[Arc<Order>]) -> Option<Clinician> {
    let mut words = about(named, orders);
    words.sort_by_key(|word| (word.posted, word.message));
    match words.last()?.standing {
        OrderStanding::Canceled => None,
        OrderStanding::InForce => words.into_iter().rev().find_map(|word| word.orderer.clone()),
    }
}

/// Every word about the order of a number: as its filler calls it, and as its placer does where no
/// filler is named beside; else as its placer calls it.
fn about<'a>((system, number): (&str, &str), orders: &'a [Arc<Order>]) -> Vec<&'a Order> {
    let here = || orders.iter().map(Arc::as_ref).filter(|word| word.system == system);
    let filled: Vec<&Order> =
        here().filter(|word| word.filler.as_deref() == Some(number)).collect();
    if filled.is_empty() {
        return here().filter(|word| word.placer.as_deref() == Some(number)).collect();
    }
    let of_placer = |word: &&Order| {
        let same = |other: &&Order| other.placer == word.placer;
        word.filler.is_none() && word.placer.is_some() && filled.iter().any(same)
    };
    filled.iter().copied().chain(here().filter(of_placer)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Degree, MessageId, Moment};
    use crate::table::rows;

    /// `P7/F7 Maud` at its hour; `x` behind it cancels.
    fn order(told: &str, hour: i8) -> Arc<Order> {
        let mut words = told.split(' ');
        let (placer, filler) = words.next().unwrap().split_once('/').unwrap();
        let told = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (mut given, mut standing) = (None, OrderStanding::InForce);
        for word in words {
            match word {
                "x" => standing = OrderStanding::Canceled,
                name => given = Some(name.to_owned()),
            }
        }
        let by = |given| Clinician {
            number: String::new(),
            family: String::new(),
            given,
            degree: Degree::Physician,
        };
        Arc::new(Order {
            system: String::new(),
            placer: told(placer),
            filler: told(filler),
            orderer: given.map(by),
            name: None,
            standing,
            account: None,
            posted: Moment::at(jiff::civil::date(2026, 10, 1).at(hour, 0, 0, 0)),
            message: MessageId(hour.into()),
        })
    }

    #[test]
    fn whoever_ordered_is_told_by_the_newest_word_about_the_order() {
        for row in rows(
            "
            | words, hour by hour               | F7   | P7   | F8   |
            |                                   |      |      |      |
            | P7/F7 Maud                        | Maud | Maud |      |
            | P7/F7 Maud, P7/F7 Imogen          | Imogen | Imogen |  |
            | P7/F7 Maud, P7/F7                 | Maud | Maud |      |
            | P7/ Maud, P7/F7                   | Maud | Maud |      |
            | P7/ Maud                          |      | Maud |      |
            | P7/F7 Maud, P7/F7 x               |      |      |      |
            | P7/F7 Maud, P7/ x                 |      |      |      |
            | P7/F7 Maud x, P7/F7               | Maud | Maud |      |
            | P7/F7 Maud, P7/F8 Imogen          | Maud | Imogen | Imogen |
            | P7/F7 Maud, P7/F8 Imogen x        | Maud |      |      |
            | /F7 Maud, / Imogen                | Maud |      |      |
            ",
        ) {
            let words = row["words, hour by hour"].split(", ").filter(|word| !word.is_empty());
            let orders: Vec<_> = words.zip(1..).map(|(word, hour)| order(word, hour)).collect();
            for number in ["F7", "P7", "F8"] {
                for orders in [orders.clone(), orders.iter().rev().cloned().collect()] {
                    let is = by_order(("", number), &orders).map(|by| by.given).unwrap_or_default();
                    assert_eq!(is, row[number], "{row} {number}");
                }
            }
        }
    }
}
