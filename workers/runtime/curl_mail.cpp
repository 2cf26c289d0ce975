#include "runtime/curl_mail.hpp"

#include <algorithm>
#include <new>

namespace coupon {
namespace {

constexpr std::size_t reply_bytes_max = 4096;

// What would end the command it stands in, or its brackets.
bool is_bare_address(std::string_view address) {
    return !address.empty() && std::all_of(address.begin(), address.end(), [](unsigned char c) {
        return c > ' ' && c != 0x7f && c != '<' && c != '>';
    });
}

std::string why_not(const MailRequest& mail, const CurlTarget& target) {
    if (!target.readable || (target.scheme != "smtp" && target.scheme != "smtps")) {
        return "the URL is malformed: it must be smtp:// or smtps://";
    }
    if (!is_bare_address(mail.from) || !is_bare_address(mail.to)) {
        return "an address is empty or holds a character that no address has";
    }
    for (const auto& [name, value] : mail.headers) {
        if (has_line_end(name) || has_line_end(value)) {
            return "a header holds a line end";
        }
    }
    return {};
}

// Hard line breaks of a mail are CRLF, and libcurl encodes any other as part of the text.
std::string with_mail_line_ends(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) {
            out += '\r';
        }
        out += text[i];
    }
    return out;
}

void check(CURLcode code) {
    if (code != CURLE_OK) {
        throw std::bad_alloc();
    }
}

void add_part(curl_mime* mime, const std::string& text, const char* type) {
    curl_mimepart* part = curl_mime_addpart(mime);
    if (part == nullptr) {
        throw std::bad_alloc();
    }
    const auto lines = with_mail_line_ends(text);
    check(curl_mime_data(part, lines.data(), lines.size()));
    check(curl_mime_type(part, type));
    check(curl_mime_encoder(part, "quoted-printable"));
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

// libcurl would say QUIT on each connection and wait minutes for a server that hangs.
CurlMail::~CurlMail() {
    sockets_.shut_down();
}

HttpAnswer CurlMail::send(const MailRequest& mail) {
    const CurlTarget target(mail.url);
    host_ = target.host;
    if (const auto why = why_not(mail, target); !why.empty()) {
        HttpAnswer answer;
        answer.error = host_.empty() ? why : host_ + ": " + why;
        return answer;
    }
    const auto deadline = std::chrono::steady_clock::now() + mail.timeout;
    auto answer = attempt(mail, mail.timeout, false);
    long connections = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_NUM_CONNECTS, &connections);
    // Servers close kept connections when they like, some with a last 421.
    const bool kept_connection_ended =
        connections == 0 && (answer.outcome == HttpAnswer::Outcome::failed || answer.status == 421);
    // Both together take no longer than one may.
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    return kept_connection_ended && left.count() > 0 && !stop_ ? attempt(mail, left, true) : answer;
}

HttpAnswer CurlMail::attempt(const MailRequest& mail, std::chrono::milliseconds timeout,
                             bool fresh) {
    forget_reply();
    begun_ = data_begun_ = data_ended_ = false;
    not_after_ = mail.not_after;
    too_late_ = LeaseClock::now() >= not_after_;
    if (too_late_) {
        return outcome(CURLE_ABORTED_BY_CALLBACK);
    }
    handle_.prepare(mail.url, "smtp,smtps", {mail.connect_timeout, timeout}, mail.user,
                    mail.password);
    handle_.set(CURLOPT_USE_SSL,
                static_cast<long>(mail.require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    handle_.set(CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    // Bounds the reply to QUIT as well, to which the whole mail's time-out does not apply.
    handle_.set(CURLOPT_SERVER_RESPONSE_TIMEOUT,
                static_cast<long>(std::chrono::ceil<std::chrono::seconds>(timeout).count()));
    set_message(mail);
    set_callbacks();
    auto answer = outcome(curl_easy_perform(handle_.get()));
    if (answer.outcome != HttpAnswer::Outcome::answered) {
        sockets_.shut_down();
    }
    return answer;
}

void CurlMail::set_message(const MailRequest& mail) {
    headers_.reset();
    for (const auto& [name, value] : mail.headers) {
        append(headers_, name + ": " + value);
    }
    append(headers_, "Content-Type: multipart/alternative");
    recipients_.reset();
    append(recipients_, mail.to);
    mime_.reset(curl_mime_init(handle_.get()));
    if (!mime_) {
        throw std::bad_alloc();
    }
    // The last is the one to be preferred.
    add_part(mime_.get(), mail.text, "text/plain; charset=utf-8");
    if (!mail.html.empty()) {
        add_part(mime_.get(), mail.html, "text/html; charset=utf-8");
    }
    handle_.set(CURLOPT_MAIL_FROM, mail.from.c_str());
    handle_.set(CURLOPT_MAIL_RCPT, recipients_.get());
    handle_.set(CURLOPT_HTTPHEADER, headers_.get());
    handle_.set(CURLOPT_MIMEPOST, mime_.get());
}

void CurlMail::set_callbacks() {
    handle_.set(CURLOPT_HEADERFUNCTION, take_reply);
    handle_.set(CURLOPT_HEADERDATA, this);
    handle_.set(CURLOPT_OPENSOCKETFUNCTION, open_socket);
    handle_.set(CURLOPT_OPENSOCKETDATA, this);
    handle_.set(CURLOPT_CLOSESOCKETFUNCTION, CurlSockets::close);
    handle_.set(CURLOPT_CLOSESOCKETDATA, &sockets_);
    handle_.set(CURLOPT_PREREQFUNCTION, before_sending);
    handle_.set(CURLOPT_PREREQDATA, this);
    handle_.set(CURLOPT_XFERINFOFUNCTION, is_stopped);
    handle_.set(CURLOPT_XFERINFODATA, this);
    handle_.set(CURLOPT_NOPROGRESS, 0L);
}

HttpAnswer CurlMail::outcome(CURLcode code) const {
    HttpAnswer answer;
    if (code == CURLE_OK || data_ended_ || (begun_ && refused_)) {
        answer.outcome = HttpAnswer::Outcome::answered;
        answer.status = code_;
        answer.body = text_;
        return answer;
    }
    answer.outcome = data_begun_ ? HttpAnswer::Outcome::unknown : HttpAnswer::Outcome::failed;
    answer.too_late = too_late_ && !data_begun_;
    answer.error = host_ + ": " + (answer.too_late ? too_late_text : curl_easy_strerror(code));
    if (refused_) {
        answer.error += " (the server said " + std::to_string(code_) + ")";
    }
    return answer;
}

void CurlMail::forget_reply() noexcept {
    code_ = 0;
    text_.clear();
    complete_ = true;
    refused_ = false;
}

size_t CurlMail::take_reply(char* data, size_t size, size_t count, void* self) noexcept {
    auto& mail = *static_cast<CurlMail*>(self);
    std::string_view line(data, size * count);
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) {
        line.remove_suffix(1);
    }
    // Behind a refusal comes only what the server says to QUIT.
    if (mail.refused_ || mail.data_ended_ || line.size() < 3 ||
        !std::all_of(line.begin(), line.begin() + 3, is_digit)) {
        return size * count;
    }
    try {
        if (mail.complete_) {
            mail.text_.clear();
        }
        if (!mail.text_.empty()) {
            mail.text_ += '\n';
        }
        mail.text_ += line.substr(std::min<std::size_t>(line.size(), 4));
        mail.text_.resize(std::min(mail.text_.size(), reply_bytes_max));
    } catch (...) {
        return 0;
    }
    mail.code_ = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    mail.complete_ = line.size() == 3 || line[3] != '-';
    if (mail.complete_) {
        mail.refused_ = mail.code_ >= 400;
        mail.data_ended_ = mail.data_begun_;
        mail.data_begun_ = mail.data_begun_ || (mail.begun_ && mail.code_ == 354);
    }
    return size * count;
}

curl_socket_t CurlMail::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    try {
        return static_cast<CurlMail*>(self)->sockets_.open(*address);
    } catch (...) {
        return CURL_SOCKET_BAD;
    }
}

// Greeting, TLS and login are behind it. Never a second time once the text was begun.
int CurlMail::before_sending(void* self, char* peer, char* local, int peer_port,
                             int local_port) noexcept {
    auto& mail = *static_cast<CurlMail*>(self);
    std::shared_ptr<CurlConnection> connection;
    try {
        connection = mail.sockets_.find({local, local_port}, {peer, peer_port});
    } catch (...) {
        return CURL_PREREQFUNC_ABORT;
    }
    mail.too_late_ = LeaseClock::now() >= mail.not_after_;
    if (mail.too_late_ || mail.data_begun_ || (connection && connection->closed_by_peer())) {
        return CURL_PREREQFUNC_ABORT;
    }
    mail.begun_ = true;
    mail.forget_reply();
    return CURL_PREREQFUNC_OK;
}

int CurlMail::is_stopped(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<CurlMail*>(self)->stop_ ? 1 : 0;
}

}  // namespace coupon
