namespace Lodestone.Billing;

/// <summary>Names this run of the server: a hold of another run has lost its process.</summary>
internal sealed class ServerEpoch(TimeProvider clock)
{
    public Guid Id { get; } = Guid.CreateVersion7(clock.GetUtcNow());
}
