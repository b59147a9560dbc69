namespace Lodestone.Tests.Billing;

/// <summary>A clock that stands until it is set. Unlike <c>FakeTimeProvider</c> it leaves timers alone, so that a month may pass in one step.</summary>
public sealed class Calendar(DateTimeOffset now) : TimeProvider
{
    private DateTimeOffset _now = now;

    public override DateTimeOffset GetUtcNow() => _now;

    public void Advance(TimeSpan by) => _now += by;

    public void Set(DateTimeOffset instant) => _now = instant;
}
