using System.Collections.Concurrent;
using Lodestone.Core;

namespace Lodestone.Tests;

/// <summary>Where mail goes in tests.</summary>
public sealed class MailSink : IMail
{
    private readonly ConcurrentQueue<Mail> _sent = new();

    public bool IsConfigured => true;

    public IReadOnlyList<Mail> All => [.. _sent];

    public Task SendAsync(Mail mail, CancellationToken cancel)
    {
        _sent.Enqueue(mail);
        return Task.CompletedTask;
    }

    public Task CountAsync(int count) => Eventually.TrueAsync(() => Task.FromResult(_sent.Count >= count));
}
