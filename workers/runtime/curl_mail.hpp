// One mail on one of libcurl's handles, through SMTP.
#pragma once

#include <atomic>
#include <memory>

#include "runtime/curl_handle.hpp"
#include "runtime/transfers.hpp"

namespace coupon {

class CurlMail {
  public:
    // Once `stop` is set, a transfer under way ends within a second.
    explicit CurlMail(const std::atomic<bool>& stop) : stop_(stop) {}
    ~CurlMail();
    CurlMail(const CurlMail&) = delete;
    CurlMail& operator=(const CurlMail&) = delete;

    // Blocks: libcurl waits for the last reply in one piece, whatever else it has to do.
    HttpAnswer send(const MailRequest& mail);

  private:
    HttpAnswer attempt(const MailRequest& mail, std::chrono::milliseconds timeout, bool fresh);
    void set_message(const MailRequest& mail);
    void set_callbacks();
    [[nodiscard]] HttpAnswer outcome(CURLcode code) const;
    void forget_reply() noexcept;

    // libcurl's callbacks; nothing may be thrown through it.
    static size_t take_reply(char* data, size_t size, size_t count, void* self) noexcept;
    static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;
    static int before_sending(void* self, char* peer, char* local, int peer_port,
                              int local_port) noexcept;
    static int is_stopped(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;

    struct MimeDeleter {
        void operator()(curl_mime* mime) const noexcept { curl_mime_free(mime); }
    };

    const std::atomic<bool>& stop_;
    CurlSockets sockets_;
    CurlHandle handle_;
    CurlList headers_, recipients_;
    std::unique_ptr<curl_mime, MimeDeleter> mime_;
    std::string host_;

    // The last reply; its text without the codes in front of the lines.
    int code_ = 0;
    std::string text_;
    bool complete_ = true;
    bool refused_ = false;
    bool begun_ = false;       // logged in: from here on replies are about this mail
    bool data_begun_ = false;  // the server waits for the mail's text
    bool data_ended_ = false;  // and said what became of it
    LeaseClock::time_point not_after_ = LeaseClock::time_point::max();
    bool too_late_ = false;
};

}  // namespace coupon
