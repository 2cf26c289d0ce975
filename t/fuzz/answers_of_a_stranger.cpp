#include "answers_of_a_stranger.hpp"

#include <charconv>

#include "check.hpp"

namespace {

std::string_view answers_left;

}  // namespace

coupon::HttpAnswer read_answer(std::string_view text) {
    coupon::HttpAnswer answer;
    const auto status = take_until(text);
    if (status == "unknown") {
        answer.outcome = coupon::HttpAnswer::Outcome::unknown;
        answer.error = "example.com does not answer";
        return answer;
    }
    const auto [end, error] =
        std::from_chars(status.data(), status.data() + status.size(), answer.status);
    if (error != std::errc() || answer.status < 100 || answer.status > 599) {
        answer.status = 0;
        answer.error = "example.com cannot be reached";
        return answer;
    }
    answer.outcome = coupon::HttpAnswer::Outcome::answered;
    for (auto line = take_until(text); !line.empty(); line = take_until(text)) {
        const auto name = take_until(line, ": ");
        answer.headers.emplace_back(name, line);
    }
    answer.body = text;
    return answer;
}

void answer_with(std::string_view answers) {
    answers_left = answers;
}

namespace coupon {

class CurlSockets {};
class CurlHttp {};

HttpClient::HttpClient() = default;
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request) {
    // What would end a line of a request is no part of an address; CurlHttp sends no such header.
    check(request.url.find_first_of(std::string_view("\r\n \0", 4)) == std::string::npos);
    for (const auto& [name, value] : request.headers) {
        if ((name + value).find_first_of("\r\n") != std::string::npos) {
            return {};
        }
    }
    return answers_left.empty() ? HttpAnswer{} : read_answer(take_until(answers_left, "\n--\n"));
}

}  // namespace coupon
