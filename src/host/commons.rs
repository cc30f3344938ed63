//! What the flights of a client share: its budget, and what was observed.

use super::{
    budget::{Grant, Pacer},
    time,
};
use crate::protocol::{
    budget::Limits,
    observation::{Observations, Observed},
    participant::Participant,
};
use std::{cell::RefCell, rc::Rc};

pub struct Commons {
    pub pacer: Pacer,
    pub max_age_ms: f64,
    pub observations: Rc<RefCell<Observations>>,
}

impl Commons {
    /// What is known of a conversation; how old it may be, its call knows.
    pub fn observed(&self, conversation_id: &str) -> Vec<Observed> {
        self.observations.borrow().fresh(conversation_id, time::now(), f64::INFINITY)
    }

    /// A read may lag behind what was observed.
    pub fn correct(&self, conversation_id: &str, participants: &mut [Participant]) {
        self.observations.borrow().correct(conversation_id, participants);
    }

    pub fn refresh(&self, conversation_id: &str, participants: &[Participant], sent_at: f64) {
        self.observations.borrow_mut().refresh(conversation_id, participants, sent_at, time::now());
    }

    pub fn spend(&self, conversation_id: &str, participant_id: &str) {
        self.observations.borrow_mut().spend(conversation_id, participant_id);
    }

    /// Tells the budget what the response to a request said; `grant` is that of the request, unless it was given up.
    pub fn report(&self, grant: Option<&mut Grant>, limits: &Limits) {
        match (&self.pacer, grant) {
            (Pacer::Foreign(budget), _) => budget.tell(limits),
            (Pacer::Own(_), Some(grant)) => grant.report(limits),
            (Pacer::Own(budget), None) => budget.report(limits),
        }
    }
}
