use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener},
    thread,
};

use super::*;

/// Asks a server that reads one request head and answers `answer`, byte for byte, then does `then`.
fn asked(
    answer: &[u8],
    call: Option<Call>,
    then: impl FnOnce(&mut TcpStream) + Send,
) -> (String, Result<Answer, Error>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let question = Question {
        url: HttpUrl {
            peer: listener.local_addr().unwrap(),
            target: "/x?y".into(),
        },
        call,
        body_bytes: 100,
        time: Duration::from_secs(20),
    };
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let (mut peer, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") && !request.ends_with(b"</e>") {
                let mut byte = [0];
                if peer.read(&mut byte).unwrap() == 0 {
                    break;
                }
                request.push(byte[0]);
                // The body of a call comes behind its head.
                if request.ends_with(b"\r\n\r\n") && request.starts_with(b"POST") {
                    peer.read_exact(&mut [0; 4]).unwrap();
                    break;
                }
            }
            let _ = peer.write_all(answer);
            then(&mut peer);
            String::from_utf8(request).unwrap()
        });
        let answer = fetch(&question);
        (server.join().unwrap(), answer)
    })
}

fn body(answer: &str) -> Result<(u16, String), String> {
    let (_, answer) = asked(answer.as_bytes(), None, |_| {});
    let text = |answer: Answer| (answer.status, String::from_utf8(answer.body).unwrap());
    answer.map(text).map_err(|error| error.to_string())
}

#[test]
fn bodies_come_by_length_by_chunks_and_to_the_end() {
    for (answer, expected) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd",
            (200, "abc"),
        ),
        (
            "HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
            (404, "abc"),
        ),
        ("HTTP/1.0 200 OK\r\n\r\nabc", (200, "abc")),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nabc",
            (200, "abc"),
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n",
            (302, ""),
        ),
    ] {
        assert_eq!(
            body(answer),
            Ok((expected.0, expected.1.to_owned())),
            "{answer}"
        );
    }
}

#[test]
fn answers_that_lie_or_break_off_are_told_by_what_is_wrong() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(101));
    let head = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(limits::HEAD_BYTES));
    for (answer, expected) in [
        ("", "it hung up in the middle of its answer"),
        (
            "HTTP/1.1 200 OK\r\n",
            "it hung up in the middle of its answer",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "it hung up in the middle of its answer",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
            "its answer has no end",
        ),
        (&endless, "its answer has no end"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n",
            "its answer has no end",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "the chunks of its answer are malformed",
        ),
        (&head, "the head of its answer has no end"),
        ("SSH-2.0-OpenSSH\r\n", "its answer is not HTTP"),
    ] {
        assert_eq!(body(answer), Err(expected.to_owned()), "{answer}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let question = Question {
        url: HttpUrl {
            peer: listener.local_addr().unwrap(),
            target: "/".into(),
        },
        call: None,
        body_bytes: 1,
        time: Duration::from_millis(20),
    };
    assert!(matches!(fetch(&question), Err(Error::TooSlow)));
    drop(listener);
    assert!(matches!(fetch(&question), Err(Error::Connect(_))));
}

#[test]
fn a_call_is_posted_with_its_action() {
    let call = Call {
        action: "urn:x#Browse".into(),
        envelope: b"<e/>".to_vec(),
    };
    let (request, answer) = asked(b"HTTP/1.1 200 OK\r\n\r\nok", Some(call), |_| {});
    assert_eq!(answer.unwrap().body, b"ok");
    assert!(
        request.starts_with("POST /x?y HTTP/1.1\r\nHost: 127.0.0.1:"),
        "{request}"
    );
    assert!(
        request.contains("\r\nSOAPACTION: \"urn:x#Browse\"\r\n"),
        "{request}"
    );
    assert!(request.contains("\r\nContent-Length: 4\r\n"), "{request}");
    let (request, _) = asked(b"", None, |_| {});
    assert!(request.starts_with("GET /x?y HTTP/1.1\r\n"), "{request}");
}
