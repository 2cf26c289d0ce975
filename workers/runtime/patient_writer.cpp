#include "runtime/patient_writer.hpp"

namespace coupon {
namespace {

// What the operator can do about it, where that is known.
std::string with_advice(const PgError& error) {
    std::string text = error.what();
    if (error.sqlstate() == "42P01" || error.sqlstate() == "42703" || error.sqlstate() == "42883") {
        text += "; run couponctl migrate";
    }
    return text;
}

}  // namespace

PatientWriter::Outcome PatientWriter::attempt(const std::function<void()>& transaction,
                                              bool may_be_refused) {
    while (true) {
        try {
            transaction();
            if (!backoff_.fresh()) {
                log_.info("PostgreSQL takes batches again");
            }
            backoff_.reset();
            return Outcome::stored;
        } catch (const PgError& error) {
            if (error.is_data_error() && may_be_refused) {
                refusal_ = error.what();
                return Outcome::refused;
            }
            if (backoff_.fresh()) {
                log_.warn("PostgreSQL does not take the batch; it is tried until it does",
                          {{"error", with_advice(error)}, {"sqlstate", error.sqlstate()}});
            }
            if (stop_.requested()) {
                return Outcome::stopped;
            }
            stop_.sleep_ms(backoff_.next_ms());
        }
    }
}

bool PatientWriter::in_halves(
    std::size_t first, std::size_t last,
    const std::function<void(std::size_t first, std::size_t last)>& store,
    const std::function<void(std::size_t row, const std::string& why)>& refuse) {
    if (first == last) {
        return true;
    }
    const auto outcome = attempt([&] { store(first, last); }, true);
    if (outcome != Outcome::refused) {
        return outcome == Outcome::stored;
    }
    if (last - first == 1) {
        const auto why = refusal_;
        return attempt([&] { refuse(first, why); }, false) == Outcome::stored;
    }
    const auto middle = first + (last - first) / 2;
    return in_halves(first, middle, store, refuse) && in_halves(middle, last, store, refuse);
}

}  // namespace coupon
