//! The resources that all flights of a client share: its budget and its observations.

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

/// The resources that all flights of a client share.
pub struct Commons {
    pub pacer: Pacer,
    /// The option `maxAgeMs`.
    pub max_age_ms: f64,
    pub observations: Rc<RefCell<Observations>>,
}

impl Commons {
    /// The observations of a conversation, of any age: the call checks the age.
    pub fn observed(&self, conversation_id: &str) -> Vec<Observed> {
        self.observations.borrow().fresh(conversation_id, time::now(), f64::INFINITY)
    }

    /// See [`Observations::keep_gone`].
    pub fn keep_gone(&self, conversation_id: &str, participants: &mut [Participant]) {
        self.observations.borrow().keep_gone(conversation_id, participants);
    }

    /// See [`Observations::refresh`].
    pub fn refresh(&self, conversation_id: &str, participants: &[Participant], sent_at: f64) {
        self.observations.borrow_mut().refresh(conversation_id, participants, sent_at, time::now());
    }

    /// See [`Observations::mark_used`].
    pub fn mark_used(&self, conversation_id: &str, participant_id: &str) {
        self.observations.borrow_mut().mark_used(conversation_id, participant_id);
    }

    /// Reports the limits of a response to the budget; `grant` is that of its request, where the package's own budget
    /// granted it.
    pub fn report(&self, grant: Option<&mut Grant>, limits: &Limits) {
        match (&self.pacer, grant) {
            (Pacer::Foreign(budget), _) => budget.report_limits(limits),
            (Pacer::Own(_), Some(grant)) => grant.report(limits),
            (Pacer::Own(budget), None) => budget.report(limits),
        }
    }
}
