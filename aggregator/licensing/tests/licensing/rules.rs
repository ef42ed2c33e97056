//! Every rule of the catalogue: where it is computed, and which test shows it. The file named holds the rule's id, the test is one
//! of this crate or a row of the worked examples (`row 26a`).

use std::{collections::BTreeSet, path::PathBuf};

use caliper_licensing::catalogue::catalogue;

/// Rule, file below `src`, test: `file test` beside this one or below `src`, or `row` and its number.
const RULES: &[(&str, &str, &str)] = &[
    ("0.1", "assess.rs", "row 26"),
    ("0.2", "estate/licences.rs", "run_examples oem_licences_stay_and_processor_licences_become_cores"),
    ("0.3", "ledger/moves.rs", "ledger what_may_move_when"),
    ("0.4", "ledger/moves.rs", "ledger what_may_move_when"),
    ("0.5", "sql/instances.rs", "core_examples the_newest_version_on_a_host_decides"),
    ("0.7", "estate/machines.rs", "row 35"),
    ("0.8", "cal/demand.rs", "row 74a"),
    ("A.1", "cal/servers.rs", "core_examples editions_of_their_own_kind_have_their_own_licences"),
    ("A.2", "cal/servers.rs", "cal_examples doubtful_servers_count_in_full_and_are_named"),
    ("A.3", "cal/family.rs", "row 53"),
    ("A.4", "run/caps.rs", "row 85b"),
    ("A.5", "catalogue/data/rights.toml", "row 48"),
    ("A.6", "catalogue/data/cals.toml", "row 70"),
    ("B.1", "catalogue/windows.rs", "catalogue/tests/tables.rs editions_are_found_in_any_spelling_and_never_guessed"),
    ("B.2", "catalogue/windows.rs", "catalogue/tests/tables.rs editions_are_found_in_any_spelling_and_never_guessed"),
    ("B.3", "cal/servers.rs", "cal_examples doubtful_servers_count_in_full_and_are_named"),
    ("B.4", "run/caps.rs", "run_examples a_small_standard_may_be_essentials"),
    ("B.5", "cal/servers.rs", "cal_examples doubtful_servers_count_in_full_and_are_named"),
    ("B.6", "estate/machines.rs", "run_examples contradictions_are_refused_by_name"),
    ("C.1", "catalogue/data/rights.toml", "row 8"),
    ("C.2", "book.rs", "row 13"),
    ("C.3", "packs.rs", "row 13"),
    ("C.4", "estate/machines.rs", "row 10"),
    ("C.5", "run/host.rs", "switches disabled_cores_show_the_saving"),
    ("C.6", "catalogue/data/rights.toml", "row 16b"),
    ("C.7", "run/host.rs", "row 23"),
    ("C.8", "run/choice.rs", "row 24"),
    ("C.9", "run/host.rs", "row 25"),
    ("C.10", "run/host.rs", "run_examples what_counts_like_a_machine"),
    ("C.11", "run.rs", "core_examples unknown_hosts_and_processors_are_never_zero_in_silence"),
    ("C.12", "run/peak.rs", "run_examples the_peak_of_a_host_follows_the_policy"),
    ("C.13", "run/placement.rs", "run_examples affinity_limits_the_hosts_counted"),
    ("C.14", "run/machine.rs", "row 39"),
    ("C.15", "run/machine.rs", "row 42"),
    ("C.16", "run/terms.rs", "run_examples terms_of_licences_by_virtual_machine"),
    ("C.17", "cal/assured.rs", "switches every_switch_changes_the_number_as_its_rule_says"),
    ("C.18", "run/terms.rs", "run_examples terms_of_licences_by_virtual_machine"),
    ("C.19", "run/choice.rs", "row 27a"),
    ("C.20", "run/choice.rs", "row 30a"),
    ("C.21", "run/machine.rs", "row 102"),
    ("C.22", "run/needs.rs", "row 84"),
    ("C.23", "run/recovery.rs", "run_examples resting_instances_are_free_under_software_assurance_alone"),
    ("C.24", "run/oem.rs", "run_examples oem_licences_stay_and_processor_licences_become_cores"),
    ("C.25", "run/stock.rs", "run_examples oem_licences_stay_and_processor_licences_become_cores"),
    ("C.26", "ledger/moves.rs", "ledger what_may_move_when"),
    ("D.1", "sql.rs", "row 91"),
    ("D.2", "catalogue/data/core-factors.toml", "row 91"),
    ("D.3", "sql/cores.rs", "row 97"),
    ("D.4", "sql/cores.rs", "row 98a"),
    ("D.5", "sql/hosts.rs", "row 101"),
    ("D.6", "catalogue/data/core-factors.toml", "sql_examples physical_cores_give_the_published_numbers"),
    ("D.7", "cal/servers.rs", "row 74a"),
    ("D.8", "cal/windows.rs", "row 74b"),
    ("D.9", "sql.rs", "row 96b"),
    ("D.10", "sql/cores.rs", "row T3"),
    ("D.11", "cal/servers.rs", "cal_families an_undeclared_model_is_an_interval_and_something_to_find_out"),
    ("E.1", "cal/demand.rs", "row 55"),
    ("E.2", "cal/demand.rs", "row 65b"),
    ("E.3", "cal/demand.rs", "row 57"),
    ("E.4", "cal/servers.rs", "row 69"),
    ("E.5", "cal/mix.rs", "cal_examples the_newest_server_reached_decides_the_version"),
    ("E.6", "estate/people.rs", "cal_examples a_server_as_client_needs_none_but_the_person_behind_it_does"),
    ("E.7", "cal/administrators.rs", "row 73b"),
    ("E.8", "cal/servers.rs", "cal_examples some_servers_are_accessed_without_cals"),
    ("E.9a", "cal/demand.rs", "row 77"),
    ("E.9b", "cal/demand.rs", "row 77"),
    ("E.9c", "cal/readings.rs", "cal_families visitors_of_public_web_content"),
    ("E.10", "cal/servers.rs", "cal_examples some_servers_are_accessed_without_cals"),
    ("E.11", "cal/servers.rs", "row 83a"),
    ("E.12", "cal/servers.rs", "row 85a"),
    ("E.13", "cal/intervals.rs", "switches infrastructure_tells_known_machines_from_strangers"),
    ("E.14", "cal/basis.rs", "cal_families a_printer_is_covered_by_those_who_use_it"),
    ("E.15", "estate/people.rs", "row 74a"),
    ("E.16", "cal/demand.rs", "row 76"),
    ("E.17", "planner/decide.rs", "row 57"),
    ("E.18", "estate/people.rs", "row 59"),
    ("E.19", "ledger/reclaim.rs", "holders what_can_be_taken_back"),
    ("E.20", "ledger/moves.rs", "ledger what_may_move_when"),
    ("E.21", "ledger/moves.rs", "ledger what_may_move_when"),
    ("E.22", "cal/connectors.rs", "row T11"),
    ("E.23", "cal/connectors.rs", "row 78"),
    ("E.24", "cal/connectors.rs", "row 79"),
    ("E.25", "cal.rs", "cal_connectors remote_desktop_takes_both_connectors_on_its_machine"),
    ("E.26", "cal/demand.rs", "cal_families other_products_need_their_cal_beside_the_base_cal"),
    ("E.27", "cal/connectors.rs", "cal_connectors the_break_even_is_where_cals_cost_more"),
    ("E.28", "cal/demand.rs", "row 66"),
    ("E.29", "cal/windows.rs", "purchase what_is_owned_changes_what_is_cheapest_to_buy"),
    ("E.30", "packs.rs", "purchase cals_are_bought_in_the_cheapest_packs"),
    ("F.1", "cal/family.rs", "row 81"),
    ("F.2", "cal/additive.rs", "row 82"),
    ("F.3", "catalogue/data/cals.toml", "cal_families session_hosts_take_cals_of_their_version_or_newer"),
    ("F.4", "cal/licence_server.rs", "switches a_licence_server_hands_out_what_the_table_says"),
    ("F.5", "cal/licence_server.rs", "row T10"),
    ("F.6", "cal/modes.rs", "cal_families a_host_that_counts_one_kind_leaves_no_choice"),
    ("F.7", "cal/additive.rs", "row 83b"),
    ("F.8", "estate/accesses.rs", "switches gateways_and_virtual_desktops_need_remote_desktop_cals"),
    ("F.9", "catalogue/data/cals.toml", "examples every_example_comes_out_as_its_comments_say"),
    ("F.10", "estate/accesses.rs", "switches gateways_and_virtual_desktops_need_remote_desktop_cals"),
    ("G.1", "cal/suites.rs", "cal_suites a_suite_covers_what_it_holds_and_no_more"),
    ("G.2", "cal/suites.rs", "cal_suites a_suite_covers_what_it_holds_and_no_more"),
    ("G.3", "cal/suites.rs", "cal_suites a_bridge_counts_only_beside_its_plan"),
    (
        "G.4",
        "catalogue/data/equivalences.toml",
        "catalogue/tests/tables.rs suites_bridges_and_plans_carry_what_the_published_table_says",
    ),
    ("G.5", "catalogue/data/equivalences.toml", "cal_suites plans_without_confirmation_show_both_readings"),
    ("G.6", "cal/suites.rs", "cal_suites a_suite_covers_what_it_holds_and_no_more"),
    ("G.7", "run/management.rs", "system_center management_licences_mirror_windows_server"),
    ("G.8", "cal/management.rs", "system_center clients_are_licensed_by_user_or_by_operating_system"),
    ("G.9", "cal/suites.rs", "switches plans_cover_nobody_else_at_a_device"),
    ("H.1", "estate/policy.rs", "switches every_switch_stands_in_the_table_and_in_the_catalogue_with_its_default"),
    ("H.2", "cal/family.rs", "cal_families other_products_need_their_cal_beside_the_base_cal"),
    ("I.1.7", "catalogue/access.rs", "catalogue/tests/tables.rs roles_mean_what_the_published_table_says"),
    ("I.4", "cal/intervals.rs", "cal_families what_is_not_known_is_an_interval_and_something_to_find_out"),
    ("I.5", "cal/demand.rs", "cal_families everybody_who_could_sign_in_counts_if_the_policy_says_so"),
    ("K.1", "planner/decide.rs", "decide answers_by_hand_come_to_the_published_numbers"),
];

/// Rules without a number: whose servers an estate may hold (0.6), and what evidence is worth, which agent and aggregator keep.
const WITHOUT: [&str; 10] = ["0.6", "F.11", "I.1.1", "I.1.2", "I.1.3", "I.1.4", "I.1.5", "I.1.6", "I.2", "I.3"];

fn read(path: &[&str]) -> String {
    let file: PathBuf = [&[env!("CARGO_MANIFEST_DIR")], path].concat().iter().collect();
    fs_err::read_to_string(file).unwrap_or_else(|error| panic!("{error}"))
}

/// Whether the id stands there and is not the beginning of a longer one.
fn names(text: &str, rule: &str) -> bool {
    let inside = |letter: Option<char>| letter.is_some_and(|letter| letter.is_ascii_alphanumeric());
    text.match_indices(rule).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + rule.len()..]);
        !inside(before.chars().next_back()) && !inside(after.chars().next())
    })
}

#[test]
fn every_rule_is_computed_somewhere_and_shown_by_a_test() {
    let named: Vec<&str> = RULES.iter().map(|row| row.0).chain(WITHOUT).collect();
    let once: BTreeSet<&str> = named.iter().copied().collect();
    assert_eq!(once.len(), named.len(), "a rule stands twice");
    assert_eq!(once, catalogue().rules.iter().map(|row| row.id.as_str()).collect());

    let worked = read(&["tests", "worked.toml"]);
    for (rule, file, test) in RULES {
        assert!(names(&read(&["src", file]), rule), "{rule} does not stand in {file}");
        let (place, test) = test.split_once(' ').expect("a file and a test");
        let found = if place == "row" {
            worked.contains(&format!("of = \"{test}\""))
        } else if place.contains('/') {
            read(&["src", place]).contains(&format!("fn {test}("))
        } else {
            read(&["tests", "licensing", &format!("{place}.rs")]).contains(&format!("fn {test}("))
        };
        assert!(found, "{rule}: {place} has no {test}");
    }
}
