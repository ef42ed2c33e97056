use std::collections::BTreeSet;

use caliper_licensing::{Confidence, Line, Optimum, POSITION_FORMAT, Position};
use caliper_proto::wire::{self, query_client::QueryClient};
use tonic::Code;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_reflection::pb::v1alpha;

use super::aggregator::{Aggregator, inventory};
use crate::store::{StoreError, token::Role};

#[tokio::test]
async fn positions_scans_and_servers_are_answered_from_the_store() {
    let aggregator = Aggregator::start().await;
    let agent = aggregator.enrol(Role::Agent).await;
    let mut stream = aggregator.deliver(&agent).await.unwrap();
    stream.send(1, inventory("FS1", 5)).await;
    stream.acknowledged(1).await.unwrap();
    let reader = aggregator.enrol(Role::Reader).await;
    let mut query = QueryClient::new(aggregator.channel(Some(&reader.identity)).await);

    let status = query.get_position(wire::GetPositionRequest { scan: 0 }).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "no scan has finished yet: run `caliper scan`"));
    let line = Line {
        sku: "windows-server-cal/user".into(),
        version: "2019".into(),
        unit: "user".into(),
        needed: 5,
        owned: 3,
        short: 2,
        surplus: 0,
        cost_minor: 6000,
        currency: "EUR".into(),
        rules: vec!["D.1".into()],
        confidence: Confidence::H,
        policies: vec!["window_days = 90".into()],
    };
    let position = Position {
        format: POSITION_FORMAT.into(),
        lines: vec![line],
        optimum: Optimum { cost_minor: 15_000, lower_bound_minor: 15_000, proven: true },
        warnings: vec!["one".into()],
        ..Position::default()
    };
    let json = serde_json::to_string(&position).unwrap();
    aggregator
        .store
        .write::<_, StoreError>(|tx| {
            for (id, state, position) in [(1, "done", json.as_str()), (2, "done", &json), (3, "failed", "")] {
                tx.execute(
                    "INSERT INTO scan (id, started, finished, trigger, state, position, cost_minor)
                     VALUES (?, 10, 20, 'hand', ?, ?, 6000)",
                    rusqlite::params![id, state, position],
                )?;
            }
            Ok(())
        })
        .unwrap();
    let answer = query.get_position(wire::GetPositionRequest { scan: 0 }).await.unwrap().into_inner();
    assert_eq!((answer.scan, answer.cost_minor, answer.proven), (2, 15_000, true), "the latest that finished");
    assert_eq!((answer.lines[0].short, answer.lines[0].confidence.as_str()), (2, "H"));
    assert_eq!(answer.lines[0].policies, ["window_days = 90"]);
    assert_eq!((answer.currency.as_str(), answer.warnings.len()), ("EUR", 1));
    assert_eq!(query.get_position(wire::GetPositionRequest { scan: 3 }).await.unwrap_err().code(), Code::NotFound);

    let request = wire::ListScansRequest { limit: 2, before: 0 };
    let scans = query.list_scans(request).await.unwrap().into_inner().scans;
    assert_eq!(scans.iter().map(|scan| scan.scan).collect::<Vec<_>>(), [3, 2]);
    let request = wire::ListScansRequest { limit: 0, before: 2 };
    let scans = query.list_scans(request).await.unwrap().into_inner().scans;
    assert_eq!(scans.iter().map(|scan| scan.scan).collect::<Vec<_>>(), [1]);

    let servers = query.list_servers(wire::ListServersRequest {}).await.unwrap().into_inner().servers;
    assert_eq!((servers[0].name.as_str(), servers[0].domain.as_str()), ("FS1", "lab.net"));
}

#[tokio::test]
async fn health_and_reflection_answer_anybody() {
    let aggregator = Aggregator::start().await;
    let channel = aggregator.channel(None).await;
    let ours = ["caliper.v1.Delivery", "caliper.v1.Enrolment", "caliper.v1.Query"];
    let mut health = HealthClient::new(channel.clone());
    for service in ours.into_iter().chain([""]) {
        let answer = health.check(HealthCheckRequest { service: service.into() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let mut older = v1alpha::server_reflection_client::ServerReflectionClient::new(channel.clone());
    let request = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(v1alpha::server_reflection_request::MessageRequest::FileContainingSymbol(ours[2].into())),
    };
    let answers = older.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap().message_response.unwrap();
    let v1alpha::server_reflection_response::MessageResponse::FileDescriptorResponse(files) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(files.file_descriptor_proto.len(), 1);

    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let answers = reflection.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    let answer = answers.into_inner().message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else { panic!("{answer:?}") };
    let listed: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
    for service in ours.into_iter().chain(["grpc.health.v1.Health"]) {
        assert!(listed.contains(service), "{service} in {listed:?}");
    }
}
