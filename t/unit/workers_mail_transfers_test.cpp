// Mails through SMTP: what is written, and how each ends.
#include <gtest/gtest.h>

#include <map>

#include "runtime/transfers.hpp"
#include "test_server.hpp"

namespace coupon {
namespace {

using namespace std::chrono_literals;
using Outcome = HttpAnswer::Outcome;

// What AUTH PLAIN says of user shop and password secret.
constexpr const char* login = "AHNob3AAc2VjcmV0";

using Replies = std::map<std::string, std::string>;

// A small SMTP server: `replies` replace the usual ones, by the step (the command's first word,
// CONNECT, or END for what follows the text). "CLOSE" and "HANG" are replies too.
class SmtpServer {
  public:
    explicit SmtpServer(Replies replies = {})
        : replies_(std::move(replies)), server_([this](auto& connection) { serve(connection); }) {}

    [[nodiscard]] std::string url() const { return server_.url("smtp", ""); }
    [[nodiscard]] int connections() const { return server_.connections(); }
    // The texts that arrived as a whole.
    std::vector<std::string> mails() {
        const std::lock_guard lock(mutex_);
        return mails_;
    }
    void reply(const std::string& step, const std::string& reply) {
        const std::lock_guard lock(mutex_);
        replies_[step] = reply;
    }
    // From here on `replies` are those of the first connection only.
    void only_first() { only_first_ = true; }

  private:
    std::string reply_to(const TestConnection& connection, const std::string& step) {
        static const Replies usual{{"CONNECT", "220 here"},
                                   {"EHLO", "250-here\r\n250 AUTH PLAIN"},
                                   {"AUTH", "334 "},
                                   {login, "235 welcome"},
                                   {"DATA", "354 go on"}};
        const std::lock_guard lock(mutex_);
        const bool replaced = !only_first_ || connection.number == 1;
        if (const auto found = replies_.find(step); replaced && found != replies_.end()) {
            return found->second;
        }
        const auto found = usual.find(step);
        return found != usual.end() ? found->second : "250 2.0.0 fine";
    }

    // False where the connection has ended.
    bool answer(TestConnection& connection, const std::string& step) {
        const auto reply = reply_to(connection, step);
        if (reply == "HANG") {
            connection.wait_for_end();
            return false;
        }
        if (reply == "CLOSE") {
            return false;
        }
        connection.write(reply + "\r\n");
        return true;
    }

    void serve(TestConnection& connection) {
        if (!answer(connection, "CONNECT")) {
            return;
        }
        while (const auto line = connection.read_until("\r\n")) {
            const auto step = line->substr(0, line->find_first_of(" \r"));
            if (!answer(connection, step)) {
                return;
            }
            if (step == "DATA" && reply_to(connection, step).starts_with("354")) {
                const auto mail = connection.read_until("\r\n.\r\n");
                if (!mail) {
                    return;
                }
                {
                    const std::lock_guard lock(mutex_);
                    mails_.push_back(*mail);
                }
                if (!answer(connection, "END")) {
                    return;
                }
            }
        }
    }

    std::mutex mutex_;
    Replies replies_;
    std::atomic<bool> only_first_{false};
    std::vector<std::string> mails_;
    TestServer server_;
};

MailRequest mail_to(const std::string& url) {
    MailRequest mail;
    mail.url = url;
    mail.require_tls = false;
    mail.from = "shop@example.com";
    mail.to = "ada@example.com";
    mail.headers = {
        {"From", "Shop <shop@example.com>"}, {"To", "ada@example.com"}, {"Subject", "Hi"}};
    mail.text = "One line\n.\nand \xe2\x82\xb9 199 = a lot\n";
    mail.html = "<p>One line</p>\n";
    return mail;
}

std::vector<HttpAnswer> answers_of(Transfers& transfers, const std::vector<Transfer>& calls) {
    std::vector<HttpAnswer> answers;
    for (const auto& call : calls) {
        transfers.start(call,
                        [&answers](HttpAnswer answer) { answers.push_back(std::move(answer)); });
    }
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (answers.size() < calls.size() && std::chrono::steady_clock::now() < deadline) {
        transfers.run(100ms);
    }
    EXPECT_EQ(answers.size(), calls.size());
    EXPECT_EQ(transfers.in_flight(), 0U);
    answers.resize(calls.size());
    return answers;
}

HttpAnswer answer_of(Transfers& transfers, const MailRequest& mail) {
    return answers_of(transfers, {mail}).front();
}

HttpAnswer answer_of(const MailRequest& mail) {
    Transfers transfers;
    return answer_of(transfers, mail);
}

TEST(Mails, AreWrittenAsTextThenHtml) {
    SmtpServer server;
    const auto answer = answer_of(mail_to(server.url()));
    EXPECT_EQ(answer.outcome, Outcome::answered) << answer.error;
    EXPECT_EQ(answer.status, 250);
    EXPECT_EQ(answer.body, "2.0.0 fine");
    const auto mails = server.mails();
    ASSERT_EQ(mails.size(), 1U);
    const auto& mail = mails.front();
    const auto at = [&mail](const std::string& text) {
        const auto place = mail.find(text);
        EXPECT_NE(place, std::string::npos) << text << " is missing in\n" << mail;
        return place;
    };
    at("Subject: Hi\r\n");
    at("Content-Type: multipart/alternative; boundary=");
    EXPECT_LT(at("Content-Type: text/plain; charset=utf-8\r\n"), at("One line\r\n..\r\n"));
    EXPECT_LT(at("and =E2=82=B9 199 =3D a lot\r\n"),
              at("Content-Type: text/html; charset=utf-8\r\n"));
    at("Content-Transfer-Encoding: quoted-printable\r\n");
    at("<p>One line</p>\r\n");
}

TEST(Mails, ShareAConnectionOneAfterTheOther) {
    SmtpServer server;
    Transfers transfers;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(answer_of(transfers, mail_to(server.url())).status, 250);
    }
    EXPECT_EQ(server.mails().size(), 3U);
    EXPECT_EQ(server.connections(), 1);
}

TEST(Mails, ARefusalIsAnAnswer) {
    for (const auto& [step, reply, status, text] :
         std::vector<std::tuple<std::string, std::string, int, std::string>>{
             {"RCPT", "550-5.1.1 no such\r\n550 5.1.1 person", 550, "5.1.1 no such\n5.1.1 person"},
             {"MAIL", "451 4.3.0 later", 451, "4.3.0 later"},
             {"DATA", "554 5.7.1 no", 554, "5.7.1 no"},
             {"END", "452 4.2.2 full", 452, "4.2.2 full"},
             {"END", "550 5.7.1 spam", 550, "5.7.1 spam"},
             {"END", "251 forwarded", 251, "forwarded"}}) {
        SCOPED_TRACE(reply);
        SmtpServer server(Replies{{step, reply}});
        const auto answer = answer_of(mail_to(server.url()));
        EXPECT_EQ(answer.outcome, Outcome::answered) << answer.error;
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.body, text);
    }
}

TEST(Mails, BeforeTheTextIsWrittenTheyHaveFailed) {
    for (const auto& [step, reply] :
         std::vector<std::pair<std::string, std::string>>{{"CONNECT", "421 too busy"},
                                                          {"CONNECT", "CLOSE"},
                                                          {"EHLO", "502 what?"},
                                                          {login, "535 5.7.8 no"},
                                                          {login, "CLOSE"},
                                                          {"MAIL", "CLOSE"},
                                                          {"RCPT", "HANG"}}) {
        SCOPED_TRACE(step + " " + reply);
        SmtpServer server(Replies{{step, reply}, {"HELO", "502 what?"}});
        auto mail = mail_to(server.url());
        mail.timeout = 300ms;
        mail.user = "shop";
        mail.password = "secret";
        const auto answer = answer_of(mail);
        EXPECT_EQ(answer.outcome, Outcome::failed) << answer.status << " " << answer.body;
        EXPECT_TRUE(answer.error.starts_with("127.0.0.1: ")) << answer.error;
        EXPECT_EQ(answer.error.find("secret"), std::string::npos) << answer.error;
        EXPECT_TRUE(server.mails().empty());
        EXPECT_EQ(server.connections(), 1) << "a new connection is not tried again";
    }
}

TEST(Mails, WithoutTheRequiredTlsNothingIsSaid) {
    SmtpServer server;
    auto mail = mail_to(server.url());
    mail.require_tls = true;
    mail.user = "shop";
    mail.password = "secret";
    EXPECT_EQ(answer_of(mail).outcome, Outcome::failed);
    EXPECT_TRUE(server.mails().empty());
}

TEST(Mails, WithoutALastReplyTheyAreUnknownAndSentOnce) {
    for (const std::string reply : {"CLOSE", "HANG"}) {
        for (const bool kept : {false, true}) {
            SCOPED_TRACE(reply + (kept ? " on a kept connection" : ""));
            SmtpServer server;
            Transfers transfers;
            if (kept) {
                EXPECT_EQ(answer_of(transfers, mail_to(server.url())).status, 250);
            }
            server.reply("END", reply);
            auto mail = mail_to(server.url());
            mail.timeout = 300ms;
            const auto answer = answer_of(transfers, mail);
            EXPECT_EQ(answer.outcome, Outcome::unknown) << answer.status;
            EXPECT_EQ(server.mails().size(), kept ? 2U : 1U);
        }
    }
}

TEST(Mails, AKeptConnectionThatHasEndedIsReplaced) {
    for (const std::string ending : {"CLOSE", "421 4.4.2 idle for too long"}) {
        SCOPED_TRACE(ending);
        SmtpServer server;
        Transfers transfers;
        EXPECT_EQ(answer_of(transfers, mail_to(server.url())).status, 250);
        server.reply("MAIL", ending);
        server.only_first();
        const auto answer = answer_of(transfers, mail_to(server.url()));
        EXPECT_EQ(answer.status, 250) << answer.error;
        EXPECT_EQ(server.mails().size(), 2U);
        EXPECT_EQ(server.connections(), 2);
    }
}

TEST(Mails, ThatHangHoldUpNoOtherTransfer) {
    SmtpServer hanging(Replies{{"END", "HANG"}});
    TestServer http([](TestConnection& connection) {
        while (connection.read_request()) {
            connection.answer("ok");
        }
    });
    Transfers transfers;
    int mails = 0;
    bool answered = false;
    for (int i = 0; i < 3; ++i) {
        transfers.start(mail_to(hanging.url()), [&mails](const HttpAnswer&) { ++mails; });
    }
    while (hanging.mails().size() < 3) {
        transfers.run(10ms);
    }
    HttpRequest request;
    request.url = http.url("http");
    transfers.start(request, [&answered](const HttpAnswer& answer) { answered = answer.ok(); });
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!answered && std::chrono::steady_clock::now() < deadline) {
        transfers.run(100ms);
    }
    EXPECT_TRUE(answered);
    EXPECT_EQ(mails, 0);
    EXPECT_EQ(transfers.in_flight(), 3U);
}

TEST(Mails, WhoseTimeIsOverBeforeTheirTurnAreNotSent) {
    SmtpServer server(Replies{{"END", "HANG"}});
    Transfers transfers(1);
    auto first = mail_to(server.url());
    first.timeout = 1s;
    auto second = mail_to(server.url());
    second.not_after = LeaseClock::now() + 300ms;
    const auto answers = answers_of(transfers, {first, second});
    EXPECT_EQ(answers[0].outcome, Outcome::unknown);
    EXPECT_FALSE(answers[0].too_late);
    EXPECT_EQ(answers[1].outcome, Outcome::failed);
    EXPECT_TRUE(answers[1].too_late);
    EXPECT_EQ(answers[1].error, "127.0.0.1: its time was over before it began");
    EXPECT_EQ(server.mails().size(), 1U);
    EXPECT_EQ(server.connections(), 1);
}

TEST(Mails, AKeptConnectionThatHangsCostsOneTimeOut) {
    SmtpServer server;
    Transfers transfers;
    EXPECT_EQ(answer_of(transfers, mail_to(server.url())).status, 250);
    server.reply("MAIL", "HANG");
    auto mail = mail_to(server.url());
    mail.timeout = 500ms;
    EXPECT_EQ(answer_of(transfers, mail).outcome, Outcome::failed);
    EXPECT_EQ(server.connections(), 1) << "nothing was left for a second attempt";
}

TEST(Mails, WhatWouldEndACommandIsRefused) {
    const auto refused = [](const std::function<void(MailRequest&)>& change) {
        SmtpServer server;
        auto mail = mail_to(server.url());
        change(mail);
        const auto answer = answer_of(mail);
        EXPECT_EQ(answer.outcome, Outcome::failed);
        EXPECT_FALSE(answer.error.empty());
        EXPECT_EQ(server.connections(), 0);
    };
    refused([](auto& mail) { mail.to = "ada@example.com>\r\nRCPT TO:<eve@example.com"; });
    refused([](auto& mail) { mail.to = "ada@example.com> x"; });
    refused([](auto& mail) { mail.from = ""; });
    refused([](auto& mail) { mail.headers.emplace_back("Subject", "a\r\nBcc: eve@example.com"); });
    refused([](auto& mail) { mail.url = "http://127.0.0.1/"; });
    refused([](auto& mail) { mail.url = "smtp://"; });
}

}  // namespace
}  // namespace coupon
