// Many HTTP calls at once: how each ends, and that none is made twice which may not be.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <condition_variable>
#include <ctime>
#include <memory>

#include "runtime/transfers.hpp"
#include "test_server.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using Outcome = HttpAnswer::Outcome;

constexpr auto patience = 20s;

HttpRequest call_of(const std::string& url, const std::string& body = "{\"a\":1}") {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"content-type", "application/json"}, {"authorization", "Bearer secret"}};
    request.body = body;
    request.repeatable = false;
    return request;
}

// The answers of calls made at once, in their order.
std::vector<HttpAnswer> answers_of(Transfers& transfers, const std::vector<Transfer>& calls) {
    std::vector<HttpAnswer> answers(calls.size());
    std::size_t ended = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        transfers.start(calls[i], [&answers, &ended, i](HttpAnswer answer) {
            answers[i] = std::move(answer);
            ++ended;
        });
    }
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (ended < calls.size() && std::chrono::steady_clock::now() < deadline) {
        transfers.run(100ms);
    }
    EXPECT_EQ(ended, calls.size());
    EXPECT_EQ(transfers.in_flight(), 0U);
    return answers;
}

HttpAnswer answer_of(Transfers& transfers, const Transfer& call) {
    return answers_of(transfers, {call}).front();
}

HttpAnswer answer_of(const Transfer& call) {
    Transfers transfers;
    return answer_of(transfers, call);
}

void answer_everything(TestConnection& connection) {
    while (const auto request = connection.read_request()) {
        connection.answer(request->substr(request->find("\r\n\r\n") + 4));
    }
}

// Takes a request and does as the function says, instead of an answer.
TestServer::Serve instead_of_an_answer(std::function<void(TestConnection&)> act) {
    return [act = std::move(act)](TestConnection& connection) {
        if (connection.read_request()) {
            act(connection);
        }
    };
}

TEST(Transfers, CarryARequestAndItsAnswer) {
    std::string seen;
    TestServer server([&seen](TestConnection& connection) {
        seen = connection.read_request().value_or("");
        connection.write(
            "HTTP/1.1 202 Accepted\r\nX-Message-Id: m1\r\nContent-Length: 2\r\n\r\nok");
        connection.wait_for_end();
    });
    const auto answer = answer_of(call_of(server.url("http", "/v3/mail/send?x=1")));
    EXPECT_EQ(answer.outcome, Outcome::answered);
    EXPECT_EQ(answer.status, 202);
    EXPECT_EQ(answer.body, "ok");
    EXPECT_EQ(answer.header("x-message-id"), "m1");
    EXPECT_TRUE(seen.starts_with("POST /v3/mail/send?x=1 HTTP/1.1\r\n")) << seen;
    EXPECT_NE(seen.find("content-type: application/json\r\n"), std::string::npos) << seen;
    EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"a\":1}")) << seen;
}

TEST(Transfers, TwoHundredAreInFlightAtOnce) {
    std::mutex mutex;
    std::condition_variable all_there;
    int there = 0;
    TestServer server([&](TestConnection& connection) {
        const auto request = connection.read_request();
        {
            std::unique_lock lock(mutex);
            ++there;
            all_there.notify_all();
            all_there.wait_for(lock, patience, [&] { return there == 200; });
        }
        connection.answer(request->substr(request->find("\r\n\r\n") + 4));
        connection.wait_for_end();
    });
    std::vector<Transfer> calls;
    for (int i = 0; i < 200; ++i) {
        calls.emplace_back(call_of(server.url("http"), std::to_string(i)));
    }
    Transfers transfers;
    const auto answers = answers_of(transfers, calls);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        EXPECT_EQ(answers[i].body, std::to_string(i)) << answers[i].error;
    }
}

TEST(Transfers, NoMoreConnectionsThanAllowedAndTheyAreKept) {
    TestServer server(answer_everything);
    Transfers transfers(3);
    for (int round = 0; round < 3; ++round) {
        const std::vector<Transfer> calls(20, call_of(server.url("http")));
        for (const auto& answer : answers_of(transfers, calls)) {
            EXPECT_EQ(answer.status, 200) << answer.error;
        }
    }
    EXPECT_LE(server.connections(), 3);
}

TEST(Transfers, ATimeOutAfterSendingIsUnknown) {
    TestServer server(instead_of_an_answer([](auto& connection) { connection.wait_for_end(); }));
    auto call = call_of(server.url("http", "/path?token=secret"));
    call.timeout = 200ms;
    const auto answer = answer_of(call);
    EXPECT_EQ(answer.outcome, Outcome::unknown);
    EXPECT_TRUE(answer.error.starts_with("127.0.0.1: ")) << answer.error;
    EXPECT_EQ(answer.error.find("secret"), std::string::npos) << answer.error;
}

TEST(Transfers, ATimeOutBeforeSendingIsFailed) {
    TestServer server([](TestConnection& connection) { connection.wait_for_end(); });
    auto call = call_of(server.url("https"));  // which speaks no TLS, nor anything else
    call.timeout = 200ms;
    EXPECT_EQ(answer_of(call).outcome, Outcome::failed);
}

TEST(Transfers, ARefusedConnectionIsFailed) {
    std::string url;
    { url = TestServer(answer_everything).url("http"); }
    const auto answer = answer_of(call_of(url));
    EXPECT_EQ(answer.outcome, Outcome::failed);
    EXPECT_FALSE(answer.error.empty());
}

TEST(Transfers, AResetAfterSendingIsUnknown) {
    TestServer server(instead_of_an_answer([](auto& connection) { connection.reset(); }));
    EXPECT_EQ(answer_of(call_of(server.url("http"))).outcome, Outcome::unknown);
}

TEST(Transfers, AnAnswerThatBreaksOffIsUnknown) {
    TestServer server(instead_of_an_answer([](auto& connection) {
        connection.write("HTTP/1.1 202 Accepted\r\nContent-Length: 10\r\n\r\nhalf");
    }));
    const auto answer = answer_of(call_of(server.url("http")));
    EXPECT_EQ(answer.outcome, Outcome::unknown);
    EXPECT_TRUE(answer.body.empty());
}

TEST(Transfers, AnAnswerThatDripsArrives) {
    TestServer server(instead_of_an_answer([](auto& connection) {
        for (const char c : std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ndrips")) {
            connection.write(std::string(1, c));
            std::this_thread::sleep_for(2ms);
        }
        connection.wait_for_end();
    }));
    EXPECT_EQ(answer_of(call_of(server.url("http"))).body, "drips");
}

TEST(Transfers, AnAnswerThatIsTooLongIsUnknown) {
    TestServer server(answer_everything);
    auto call = call_of(server.url("http"), std::string(1001, 'x'));
    call.answer_max_bytes = 1000;
    EXPECT_EQ(answer_of(call).error, "127.0.0.1: the answer is too long");
    call.answer_max_bytes = 1001;
    EXPECT_EQ(answer_of(call).status, 200);

    TestServer header(instead_of_an_answer([](auto& connection) {
        connection.write("HTTP/1.1 200 OK\r\nX-Long: " + std::string(70'000, 'x') + "\r\n\r\n");
    }));
    EXPECT_EQ(answer_of(call_of(header.url("http"))).outcome, Outcome::unknown);
}

TEST(Transfers, OnlyATrustedCertificateIsSpokenTo) {
    const TestCertificate certificate;
    TestServer server(answer_everything, &certificate);
    EXPECT_EQ(answer_of(call_of(server.url("https"))).outcome, Outcome::failed);
    ::setenv("HTTPS_CA_FILE", certificate.path.c_str(), 1);
    EXPECT_EQ(answer_of(call_of(server.url("https"))).status, 200);
    ::unsetenv("HTTPS_CA_FILE");
}

TEST(Transfers, WhatCannotBeginEndsAsFailed) {
    Transfers transfers;
    for (const char* url : {"", "http://", "not a url?secret", "ftp://127.0.0.1/", "http://a b/"}) {
        const auto answer = answer_of(transfers, call_of(url));
        EXPECT_EQ(answer.outcome, Outcome::failed) << url;
        EXPECT_FALSE(answer.error.empty()) << url;
        EXPECT_EQ(answer.error.find("secret"), std::string::npos) << answer.error;
    }
    auto split = call_of("http://127.0.0.1:9/");
    split.headers.emplace_back("x-name", "a\r\nx-other: b");
    EXPECT_EQ(answer_of(transfers, split).error, "127.0.0.1: a header holds a line end");
}

TEST(Transfers, ADoneMayBeginTheNext) {
    TestServer server(answer_everything);
    Transfers transfers;
    int answered = 0;
    std::function<void(HttpAnswer)> next = [&](const HttpAnswer& answer) {
        EXPECT_EQ(answer.status, 200) << answer.error;
        if (++answered < 5) {
            transfers.start(call_of(server.url("http")), next);
        }
    };
    transfers.start(call_of(server.url("http")), next);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (answered < 5 && std::chrono::steady_clock::now() < deadline) {
        transfers.run(100ms);
    }
    EXPECT_EQ(answered, 5);
}

TEST(Transfers, WaitWithoutWork) {
    TestServer server(instead_of_an_answer([](auto& connection) { connection.wait_for_end(); }));
    Transfers transfers;
    transfers.start(call_of(server.url("http")), [](const HttpAnswer&) { FAIL(); });
    transfers.run(100ms);  // connects and sends
    const auto before = std::clock();
    transfers.run(500ms);
    EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 10) << "it span";
}

TEST(Transfers, AreWokenByAnotherThread) {
    Transfers transfers;
    const auto begun = std::chrono::steady_clock::now();
    std::thread other([&transfers] { transfers.wake(); });
    transfers.run(patience);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, patience);
    other.join();
}

TEST(Transfers, AreDroppedWithoutAWord) {
    TestServer server(instead_of_an_answer([](auto& connection) { connection.wait_for_end(); }));
    Transfers transfers;
    transfers.start(call_of(server.url("http")), [](const HttpAnswer&) { FAIL(); });
    transfers.run(100ms);
    EXPECT_EQ(transfers.in_flight(), 1U);
}

// --- a kept connection that dies

using Send = std::function<HttpAnswer(const HttpRequest&)>;

// Both ways of calling, each with connections of its own.
std::vector<std::pair<std::string, Send>> both_ways() {
    auto transfers = std::make_shared<Transfers>();
    auto client = std::make_shared<HttpClient>();
    return {{"Transfers", [transfers](const auto& call) { return answer_of(*transfers, call); }},
            {"HttpClient", [client](const auto& call) { return client->send(call); }}};
}

// Answers one request, takes the second one and closes the connection instead of answering;
// connections after that are served. Counts the requests after the first.
TestServer::Serve answer_once_then_close(std::atomic<int>& taken) {
    return [&taken](TestConnection& connection) {
        if (connection.number > 1) {
            while (connection.read_request()) {
                ++taken;
                connection.answer("repeated");
            }
            return;
        }
        connection.read_request();
        connection.answer("first");
        if (connection.read_request()) {
            ++taken;
        }
    };
}

TEST(DyingConnections, WhatMayNotBeRepeatedIsSentOnce) {
    for (const auto& [way, send] : both_ways()) {
        for (const std::string body : {"{}", ""}) {
            SCOPED_TRACE(way + (body.empty() ? " without a body" : ""));
            std::atomic<int> taken{0};
            TestServer server(answer_once_then_close(taken));
            EXPECT_EQ(send(call_of(server.url("http"), body)).body, "first");
            const auto answer = send(call_of(server.url("http"), body));
            EXPECT_EQ(answer.outcome, Outcome::unknown);
            EXPECT_EQ(answer.error, "127.0.0.1: the connection broke after the request was sent");
            EXPECT_EQ(taken, 1);
        }
    }
}

TEST(DyingConnections, WhatMayBeRepeatedIs) {
    for (const auto& [way, send] : both_ways()) {
        SCOPED_TRACE(way);
        std::atomic<int> taken{0};
        TestServer server(answer_once_then_close(taken));
        auto call = call_of(server.url("http"));
        call.repeatable = true;
        EXPECT_EQ(send(call).body, "first");
        EXPECT_EQ(send(call).body, "repeated");
        EXPECT_EQ(taken, 2);
    }
}

TEST(DyingConnections, OneThatWasClosedWhileIdleIsReplaced) {
    const TestCertificate certificate;
    ::setenv("HTTPS_CA_FILE", certificate.path.c_str(), 1);
    for (const bool tls : {false, true}) {
        for (const auto& [way, send] : both_ways()) {
            SCOPED_TRACE(way + (tls ? " with TLS" : ""));
            std::atomic<int> closed{0};
            TestServer server(
                [&closed](TestConnection& connection) {
                    if (connection.read_request()) {
                        connection.answer(std::to_string(connection.number));
                    }
                    connection.close();
                    ++closed;
                },
                tls ? &certificate : nullptr);
            for (int number = 1; number <= 3; ++number) {
                const auto answer = send(call_of(server.url(tls ? "https" : "http")));
                EXPECT_EQ(answer.body, std::to_string(number)) << answer.error;
                while (closed < number) {
                    std::this_thread::yield();
                }
            }
            EXPECT_EQ(server.connections(), 3);
        }
    }
    ::unsetenv("HTTPS_CA_FILE");
}

TEST(Transfers, WhoseTimeIsOverWhileTheyWaitAreNotSent) {
    std::atomic<int> requests{0};
    TestServer server([&requests](TestConnection& connection) {
        while (connection.read_request()) {
            ++requests;
            std::this_thread::sleep_for(600ms);
            connection.answer("ok");
        }
    });
    Transfers transfers(1);
    HttpRequest request;
    request.url = server.url("http");
    std::vector<HttpAnswer> answers;
    const auto keep = [&answers](HttpAnswer answer) { answers.push_back(std::move(answer)); };
    transfers.start(request, keep);
    request.not_after = LeaseClock::now() + 200ms;
    transfers.start(request, keep);
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (answers.size() < 2 && std::chrono::steady_clock::now() < deadline) {
        transfers.run(100ms);
    }
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_TRUE(answers[0].ok());
    EXPECT_EQ(answers[1].outcome, HttpAnswer::Outcome::failed);
    EXPECT_TRUE(answers[1].too_late) << answers[1].error;
    EXPECT_EQ(requests, 1);
}

}  // namespace
}  // namespace coupon
