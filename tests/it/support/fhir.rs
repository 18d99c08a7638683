//! Who takes what comes over FHIR, in place of the one that understands it.

use std::sync::Mutex;

use collimator::receive::{BoxFuture, FhirAnswer, FhirRequest, Method, TakesFhir};

/// Writes down what it is given, and answers as it was told.
#[derive(Default)]
pub struct Taken {
    requests: Mutex<Vec<FhirRequest>>,
    answers: Mutex<Vec<FhirAnswer>>,
}

impl Taken {
    /// The next answers; 200 when there are none left.
    pub fn will_say(&self, answers: Vec<FhirAnswer>) {
        *self.answers.lock().unwrap() = answers;
    }

    /// What came, as `POST ChargeItem?query body`.
    pub fn all(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(shown).collect()
    }

    /// What came since this was last asked.
    pub fn news(&self) -> Vec<String> {
        self.requests.lock().unwrap().drain(..).map(|one| shown(&one)).collect()
    }

    /// The last request.
    pub fn last(&self) -> FhirRequest {
        self.requests.lock().unwrap().last().unwrap().clone()
    }
}

impl TakesFhir for Taken {
    fn take(&self, request: FhirRequest) -> BoxFuture<'_, FhirAnswer> {
        self.requests.lock().unwrap().push(request);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.is_empty() { FhirAnswer::status(200) } else { answers.remove(0) };
        Box::pin(async move { answer })
    }
}

fn shown(request: &FhirRequest) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let query = request.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
    let body = String::from_utf8_lossy(&request.body);
    format!("{method} {}{query} {body}", request.path).trim_end().to_owned()
}
